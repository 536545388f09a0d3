# Writes texts with parts that no strategy may alter: {"input", "kept"}, the
# parts in "kept". A text whose first line is code is kept as a whole.
import json

WHOLE = [
    "def f(x):\n    return x*2\n\nWhy does f('a') return 'aa'?",
    "import os\n\nfor name in os.listdir('.'):\n    print(name)\n\nHow do I sort this by size?",
    "const total = items.reduce((a, b) => a + b.price, 0);\n\nwhy is total NaN",
    "async function load() {\n  const r = await fetch('/api/users');\n  return r.json();\n}\n\nIs the error handled here?",
    "SELECT id, name FROM customers WHERE created_at > '2026-01-01' ORDER BY name;\n\nThis is slow, can you help?",
    "select * from orders o join items i on i.order_id = o.id;\nPlease explain what this does.",
    '{"order": 1042, "items": [{"sku": "A-7", "qty": 2}], "note": "Please call"}',
    '{\n  "name": "Ada",\n  "roles": ["admin", "Owner"]\n}\n\nIs this valid?',
    "name: build\non:\n  push:\n    branches: [main]\n\nWhy does this workflow not start?",
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n\nWhat is missing?",
    "$ sudo systemctl restart nginx\nJob for nginx.service failed.",
    "curl -s https://api.example.com/v1/users?id=7 | jq '.Name'\n\nThis prints null, what is wrong?",
    "Traceback (most recent call last):\n  File \"/srv/app/main.py\", line 12, in <module>\n    run()\nKeyError: 'Id'\n\nWhat does this mean?",
    "Exception in thread \"main\" java.lang.NullPointerException\n\tat com.Example.Main.run(Main.java:14)\n\nHow can I fix it?",
    "2026-03-01 12:00:01,113 ERROR worker-3 Connection refused\n2026-03-01 12:00:02,001 INFO worker-3 Retrying\n\nIs our server down?",
    "diff --git a/main.c b/main.c\n--- a/main.c\n+++ b/main.c\n@@ -1,2 +1,2 @@\n-int x = 1;\n+int x = 2;\n\nPlease review this change.",
    "^(?:[A-Z]{2}\\d{4}|x-\\w+)$\n\nDoes this match lower case ids?",
    "\\begin{equation}\n  E = mc^2\n\\end{equation}\n\nHow do I number this?",
    "```js\nlet A = 1\n```\nWhat is A now?",
    "<div class=\"Card\"><b>Hi</b></div>\n\nHow do I centre this?",
    "#include <stdio.h>\n\nint main(void)\n{\n\tputs(\"Hi\");\n}\n\nDoes this compile?",
    "docker run -p 8080:80 --name Web nginx:1.25\n\nthe port is not open, why?",
]
PARTS = [
    ("Please refund order #48213 from 3 November, I paid $129.90 for it.", ["#48213", "3 November", "$129.90"]),
    ("The button says “Save And Close” but nothing happens. Can you help?", ["“Save And Close”"]),
    ("Where is the file C:\\Users\\Ada\\My.docx that I saved yesterday?", ["C:\\Users\\Ada\\My.docx"]),
    ("I can't open https://Example.com/a/B?x=1#Top on my phone, please check.", ["https://Example.com/a/B?x=1#Top"]),
    ("Please write to Ada.Lovelace@Example.org about invoice FR-2026-0312.", ["Ada.Lovelace@Example.org", "FR-2026-0312"]),
    ("How do I call `List.Map(x)` without an error in /etc/App/conf.d today?", ["`List.Map(x)`", "/etc/App/conf.d"]),
    ("Can you look at this?\n\n```python\nDef = lambda X: X\n```\n\nIt does not work for me.", ["```python\nDef = lambda X: X\n```"]),
    ("Der Betrag von 1.299,50 EUR wurde am 12.03.2026 doppelt abgebucht. Können Sie das prüfen?", ["1.299,50 EUR", "12.03.2026"]),
    ("My order 7f3c2a10-5b1e-4c2d-9d2b-0a1b2c3d4e5f says \"Not Delivered\" since March 3, why?", ["7f3c2a10-5b1e-4c2d-9d2b-0a1b2c3d4e5f", "\"Not Delivered\"", "March 3"]),
    ("It fails since this morning:\n\nif (User.Id == null) {\n  return;\n}\n\nPlease tell me what I should change.", ["if (User.Id == null) {\n  return;\n}"]),
]
for text in WHOLE:
    print(json.dumps({"input": text, "kept": [text]}))
for text, kept in PARTS:
    print(json.dumps({"input": text, "kept": kept}))

# Exits 1 when an input on stdin lacks a part that its "kept" lists.
import json
import sys

bad = rows = 0
for line in sys.stdin:
    row = json.loads(line)
    rows += 1
    for part in row["kept"]:
        if part not in row["input"]:
            bad += 1
            if bad < 40:
                print(row["metadata"]["strategy"], "|", row["metadata"]["variation"], "|", repr(part), "|", repr(row["input"]))
print(rows, bad)
sys.exit(bad > 0 or rows == 0)

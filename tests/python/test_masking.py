import json
import os
import unittest

import fluxloop
from fluxloop import masking
from fluxloop.masking import is_secret
from helpers import FolderCase

SECRET = """token password Password passwd passphrase secret secrets auth authorization
Authorization credential credentials cookie Set-Cookie bearer apikey api_key apiKey APIKey
APIkey API_KEY x-api-key X-Api-Key openai.api.key access_key accessKey accesskey private_key
secretKey signing_key encryptionKey authToken auth_token access_tokens authTokens api_tokens
my_secret dbPassword2 oauth2_token token2 user.password TOKEN_VALUE refreshToken PassWord""".split()

HARMLESS = """author authority monkey keyboard key keys primary_key public_key foreignKey
max_tokens prompt_tokens tokens total_tokens maxTokens token_count tokenLimit tokenizer
secretary passenger compass content input message user_id keynote
authentic bear oath 東京 passwort_x""".split()


class MaskingTest(unittest.TestCase):
    def test_names_of_secrets_are_known(self):
        for name in SECRET:
            with self.subTest(name):
                self.assertTrue(is_secret(name))

    def test_names_that_look_like_secrets_are_not(self):
        for name in HARMLESS:
            with self.subTest(name):
                self.assertFalse(is_secret(name))


class ShapeTest(FolderCase):
    def table(self):
        place = os.path.join(os.path.dirname(__file__), "..", "data", "secrets.jsonl")
        with open(place, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def test_json_is_masked_as_the_table_says(self):
        for row in self.table():
            data = json.dumps(row["value"], ensure_ascii=False).encode()
            masked = masking.mask_json(data)
            with self.subTest(row["value"]):
                self.assertEqual(json.loads(masked), row["masked"])
                if row["masked"] == row["value"]:
                    self.assertIs(masked, data)

    def test_what_is_masked_stays_as_it_is(self):
        for row in self.table():
            self.assertEqual(masking.mask_tree(row["masked"]), row["masked"])

    def test_the_offline_store_is_masked(self):
        fluxloop.configure(offline_store_dir=self.folder)
        self.addCleanup(fluxloop.reset_config)

        @fluxloop.tool("login")
        def login(user, password):
            raise ValueError("no access for %s" % password + ", key sk-ABCDEFGH12345678")

        with fluxloop.instrument("t", metadata={"db_password": "hunter2"}):
            with self.assertRaises(ValueError):
                login("ann", "password=hunter2")
        for name in ("observations.jsonl", "traces.jsonl"):
            with open(self.path(name), encoding="utf-8") as file:
                text = file.read()
            self.assertNotIn("hunter2", text)
            self.assertNotIn("sk-A", text)
            self.assertIn("***", text)

    def test_bytes_and_headers_of_servers_are_masked(self):
        fluxloop.configure(record_args=True, recording_file=self.path("args.jsonl"))
        self.addCleanup(fluxloop.reset_config)
        fluxloop.record_call_args(
            "m:f",
            headers=[(b"host", b"h"), (b"authorization", b"Bearer LEAK"), ("Cookie", "a=LEAK")],
            query=b"api_key=LEAK-123",
            body=bytearray(b'{"token":"LEAK"}'),
            url="https://ann:LEAK@h/",
        )
        with open(self.path("args.jsonl"), encoding="utf-8") as file:
            text = file.read()
        self.assertNotIn("LEAK", text)
        self.assertIn("https://ann:***@h/", text)


if __name__ == "__main__":
    unittest.main()

import unittest

from fluxloop.masking import is_secret

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


if __name__ == "__main__":
    unittest.main()

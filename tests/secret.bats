#!/usr/bin/env bats

load test_helper

@test "the filters and the recorder agree on the names of secrets" {
	python3 - <<-'PY' >names
		import random

		names = """token api_key apiKey x-api-key authToken monkey keyboard author key primary_key
		public_key max_tokens prompt_tokens token_limit token_count tokens access_tokens id_tokens
		sessiontoken accesskey passWord PassWord api2key apikeys APIKey OPENAI_API_KEY API_KEYS
		my_secret secretary Password pwd OLDPWD AWS_SECRET_ACCESS_KEY csrf_token tokenizer jwt
		JWTToken cookieJar authTokenLimit token_token_limit passphrase2 oauth2 OAuth user_pass
		access_key_id private-key signingKey encryption.key bearer_tokens DB_PASSWORD""".split()
		words = "token tokens api key keys access auth count limit pass word secret id x A2 pwd".split()
		rng = random.Random(1)
		for _ in range(1000):
		    some = rng.sample(words, rng.randint(1, 4))
		    names.append(rng.choice(["", "_", "-"]).join(
		        rng.choice([w, w.upper(), w.title()]) for w in some))
		# PWD is the shell's working directory and not a password
		print(*(n for n in dict.fromkeys(names) if n != "PWD"), sep="\n")
	PY
	{
		echo 'metadata:'
		sed 's/.*/  "&": "value"/' names
	} >setting.yaml
	fl-config show | jq -r '.metadata | to_entries[] | "\(.key) \(.value == "***")"' |
		sort >filters
	PYTHONPATH=$ROOT/lib/python python3 - <<-'PY' | sort >recorder
		from fluxloop.masking import is_secret

		for name in open("names"):
		    print(name.strip(), str(is_secret(name.strip())).lower())
	PY
	assert [ "$(lines_of recorder)" -gt 800 ]
	assert [ "$(grep -c true recorder)" -gt 100 ]
	diff filters recorder
}

"""Which names are secret names, which of their values are secrets, and what stays readable."""

from __future__ import annotations

import sqlite3
import zlib
from pathlib import Path

import pytest

from tests.support.loads import MAIN_CALL, Loads
from tracer.trace.redaction import MASK
from tracer.trace.redaction.known_secrets import is_secret_variable, masked_command
from tracer.trace.redaction.names import is_secret, looks_random
from tracer.trace.redaction.plain_data import secrets_in
from tracer.trace.redaction.redactor import Redactor
from tracer.trace.redaction.texts import find_named

HEX = "d3e4f5a6b7c8d9e0f1a2b3c4d5"

SECRET_NAMES = """
my_token slack_token bot_token user_token openai_token apitoken gh_token GH_PAT github_pat modelscope_token token2
pw pwd db_pw rootpw usr_pwd pass smtp_pass user_pass pass_phrase passcode pin otp totp_secret mfa_code recovery_code
secret_value token_value clientSecret consumerSecret flask_secret_key jwt_secret webhook_secret seed_phrase mnemonic psk
ssh_key sshPrivateKey deploy_key encryption_key subscription_key license_key wandb_key appKey sendgridKey zhipu_key
aes_key connection_string connectionString conn_str dsn sentry_dsn webhook slack_webhook_url sas sas_token signature sig
jwt auth_header authKey x_auth basic_auth http_auth passwordHash mypassword ldap_bindpw bindpw dbpassword session_key
sessionid creds_json service_account credentialsJson twilio_sid qianfan_ak qianfan_sk kennwort mima 密码 数据库密码 访问令牌
""".split()
ORDINARY = {
    "eos_token": ["</s>", "<|endoftext|>", "[SEP]", "end_of_text"],
    "pad_token": ["[PAD]", "<pad>"],
    "bos_token": ["<s>"],
    "image_token": ["<image>", "<|image_pad|>"],
    "next_token": ["Ġworld", "▁2023", "hello"],
    "tokens": ["hello", "##ing2"],
    "token_type": ["word"],
    "tokenizer_class": ["PreTrainedTokenizerFast"],
    "tokenizer_file": ["/a/b2/tokenizer.json"],
    "key": ["model.layers.0.self_attn.q_proj.weight", "lm_head.weight", "eos_token_id"],
    "weight_key": ["transformer.h.11.attn.c_attn.weight"],
    "new_key": ["model.layers.10.mlp.gate_up_proj.weight"],
    "layer_key": ["layer_10"],
    "cache_key": ["bert-base-uncased", "0123456789abcdef0123456789abcdef01234567"],
    "key_mapping": ["^visual -> model.visual"],
    "num_key_value_heads": ["2"],
    "hidden_act": ["gelu_new"],
    "layer_types": ["full_attention"],
    "commit_hash": ["0123456789abcdef0123456789abcdef01234567"],
    "sha256": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
    "etag": ["0123456789abcdef0123456789abcdef01234567"],
    "chat_template": ["{% for message in messages %}{{ message['content'] }}{% endfor %}"],
    "auto_map": ["configuration_chatglm.ChatGLMConfig"],
    "model_type": ["glm4v"],
    "first_pass": ["2024-run"],
    "signature": ["(self, x: int) -> None"],
    "session": ["requests.Session"],
    "license": ["apache-2.0", "mit"],
    "author": ["someone"],
    "repo_id": ["THUDM/glm-4v-9b"],
    "use_auth_token": ["True", "None"],
    "code": ["import os"],
    "pattern": [r"^model\.layers\.(\d+)"],
    "revision": ["refs/pr/12"],
    "torch_dtype": ["bfloat16"],
}


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_under_its_name(name: str) -> None:
    assert is_secret(name, HEX)
    assert is_secret_variable(name.upper(), HEX)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ORDINARY.items() for value in values])
def test_ordinary_values_stay(name: str, value: str) -> None:
    assert not is_secret(name, value)
    for text in (f'{{"{name}": "{value}"}}', f"{name}={value}", f"{name}: {value}\n", f'["{name}", "{value}"]'):
        assert Redactor().text(text) == text
        assert Redactor().source(text) == text
    assert secrets_in({name: value, "pair": [name, value]}) == set()


SECRET_TEXTS = {
    "JSON": '{{"api_key": "{0}", "x": 1}}',
    "JSON cut in the middle": '{{"x": 1, "api_key": "{0}',
    "JSON in JSON": '{{\\"api_key\\": \\"{0}\\"}}',
    "YAML": "name: x\napi_key: {0}\nother: y",
    "YAML list": "api_keys:\n  - {0}\n  - b",
    "YAML block": "private_key: |\n  {0}\nname: x",
    "INI": "[server]\nsecret = {0}\n",
    ".env": "export DB_PASSWORD={0}\n",
    "call": "connect(host='h', password='{0}')",
    "bytes": "token=b'{0}'",
    "annotated": "password: str | None = '{0}'",
    "subscript": "config['slack_token'] = '{0}'",
    "header": "Authorization: Bearer {0}\r\nAccept: */*",
    "headers as a dictionary": "{{'X-Auth-Token': '{0}'}}",
    "cookie": "Cookie: sid={0}; theme=dark",
    "query": "https://host/path?a=1&sig={0}&b=2",
    "query's key": "https://host/path?key={0}",
    "pair": '["x-api-key", "{0}"]',
    "pair with a scheme": "('Authorization', 'Bearer {0}')",
    "name and value": '{{"name": "x-api-key", "value": "{0}"}}',
    "option": "tool --api-key {0} --verbose",
    "option with a sign": "tool --password={0}",
    "connection string": "Server=h;Password={0};Database=d",
    "account key": "AccountName=n;AccountKey={0}==;EndpointSuffix=core",
    "netrc": "machine h login me password {0}",
    "list": "api_keys: ['{0}', \"b\"]",
}


@pytest.mark.parametrize("text", SECRET_TEXTS.values(), ids=SECRET_TEXTS)
def test_a_secret_after_its_name_in_a_text(text: str) -> None:
    redactor = Redactor()
    masked = redactor.text(text.format(HEX))
    assert HEX not in masked
    assert MASK in masked
    assert HEX not in redactor.text(f"learned: {HEX}")


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password: 86753090", "86753090"),
        ("password: 8675309", None),  # too short: it may be a number of a vocabulary
        ("DB_PASSWORD=correcthorse", "correcthorse"),  # a line of an .env file or a shell script
        ("cd x\nexport DB_PASSWORD=correcthorse\nrun", "correcthorse"),
        ("set DB_PASSWORD=correcthorse", None),  # prose or code: the word may be another variable
        ("db_password=correcthorse", None),
    ],
)
def test_numbers_and_single_words_after_a_secret_name(text: str, secret: str | None) -> None:
    assert Redactor().text(text) == (text if secret is None else text.replace(secret, MASK))


@pytest.mark.parametrize(
    "text",
    [
        "token: the token to use as HTTP bearer authorization for remote files",
        "token (`str` or `bool`, *optional*): The token to use.",
        "The `use_auth_token` argument is deprecated, use `token` instead.",
        "token=token, use_auth_token=None, api_key=get_key()",
        "token = kwargs.pop('token', None)",
        "    api_key: Optional[str] = None,",
        "password: str",
        'auth=\'basic\', "auth": "kerberos"',
        '{"password": 8151, "token": 15133, "secret": 3595}',
        '["password", "secret", "api_key", "token"]',
        "raise ValueError('token: required')",
        "os.environ['HF_TOKEN'], os.getenv('API_KEY_2')",
        "self.token = self.get_token2(x)",
        "commit 0123456789abcdef0123456789abcdef01234567",
        '"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
        '"additional_special_tokens": ["<|user|>", "<|assistant|>", "<|observation|>"]',
        "IQ== 10\nIg== 11\naGVsbG8= 4221\nd29ybGQ= 4222",
        "transformers_modules.glm-4v-tiny.tokenization_chatglm.ChatGLM4Tokenizer",
        "key_states_of_layer_10_and_more_of_it, sk_buffer, pk_columns",
    ],
)
def test_an_ordinary_text_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_source_keeps_its_lines() -> None:
    text = f'x = 1\npassword = """\n{HEX}\n"""\ny = 2\n'
    redactor = Redactor([f"{HEX}\nabc"])
    assert redactor.source(text).count("\n") == text.count("\n")
    key = f"-----BEGIN PRIVATE KEY-----\n{HEX}{HEX}{HEX}\n-----END PRIVATE KEY-----"
    assert redactor.source(f"a = '''{key}'''\n").count("\n") == key.count("\n") + 1


def test_a_vocabulary_is_not_redacted() -> None:
    vocabulary = {f"word{number}": number + 150_000 for number in range(100)} | {"password": 151_329, "token": 151_330}
    assert secrets_in(vocabulary) == set()


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        (["load", "--kwarg", f"my_token={HEX}"], ["load", "--kwarg", f"my_token={MASK}"]),
        (["load", "--kwarg", f'extra=[["x-api-key","{HEX}"]]'], ["load", "--kwarg", f'extra=[["x-api-key","{MASK}"]]']),
        (["load", f"https://h?access_token={HEX}"], ["load", f"https://h?access_token={MASK}"]),
        (["run", "x.py", "--slack-token", HEX], ["run", "x.py", "--slack-token", MASK]),
        (["load", "--kwarg", "eos_token=<|endoftext|>"], None),
    ],
)
def test_a_command(given: list[str], masked: list[str] | None) -> None:
    assert masked_command(given)[0] == (masked or given)


@pytest.mark.parametrize(
    "text", ["", "=", "token=", '"token": ', "token: |", "'" * 5000, "token=[" * 2000, "\\" * 5000]
)
def test_texts_without_secrets(text: str) -> None:
    assert find_named(text) == []


def test_generated_values_are_recognized() -> None:
    assert looks_random(HEX)
    for text in (
        "model.layers.0.self_attn.q_proj.weight",
        "a-sentence-of-words-2024",
        "0" * 40,
        "encoder_layer_12_norm",
    ):
        assert not looks_random(text)


@pytest.mark.parametrize("fixture", [pytest.param("glm-4v-tiny", marks=pytest.mark.slow), "bert-tiny"])
def test_a_load_without_secrets_has_no_mask(fixture: str, fixtures: Path, loads: Loads) -> None:
    path = loads.record(fixtures / fixture, kwargs=MAIN_CALL if fixture == "glm-4v-tiny" else {}).path
    connection = sqlite3.connect(path)
    texts = [text for (text,) in connection.execute("SELECT data FROM value")]
    texts += [text for row in connection.execute("SELECT changes, data FROM step") for text in row]
    texts += [f"{key} {value}" for key, value in connection.execute("SELECT key, value FROM meta")]
    texts += [zlib.decompress(text).decode() for (text,) in connection.execute("SELECT text FROM source")]
    assert [text for text in texts if MASK in text or '"is":"secret"' in text] == []

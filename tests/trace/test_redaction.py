"""Redaction: what counts as a secret, the forms in which it is found, and what stays readable."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tracer.trace.redaction import MASK
from tracer.trace.redaction.known_secrets import (
    is_secret_variable,
    masked_command,
    secrets_in,
    secrets_in_source,
    secrets_of_this_machine,
)
from tracer.trace.redaction.names import is_secret_name
from tracer.trace.redaction.redactor import Redactor

PLANTED = "s3cr3t-Planted/Value+9="

SECRET_NAMES = """
token use_auth_token auth_token authToken hub_token hf_token HF_TOKEN HUGGING_FACE_HUB_TOKEN huggingface_token
access_token accessToken refresh_token api_token API_TOKEN github_token session_token bearer_token id_token csrf_token
password Password db_password passwd passphrase PASSWORDS secret client_secret SECRET secrets
api_key apikey apiKey api-key API_KEY OPENAI_API_KEY x-api-key X-Api-Key my-api-key access_key aws_secret_access_key
secretAccessKey accessKey secret_key secretKey private_key privateKey private-key signing_key
Authorization authorization Proxy-Authorization proxy_authorization X-Authorization auth cookie Cookie Set-Cookie
credential credentials user_credentials bearer X-Auth-Token _token __token aws_access_key_id
""".split()

ORDINARY_NAMES = """
eos_token bos_token pad_token unk_token mask_token sep_token cls_token pad_token_id eos_token_id boi_token_id
token_type_ids token_ids input_tokens tokens special_tokens special_tokens_map additional_special_tokens added_tokens
tokenizer tokenizer_class tokenizer_file max_new_tokens min_new_tokens num_tokens n_tokens num_virtual_tokens max_tokens
image_token image_token_id begin_suppress_tokens suppress_tokens bad_token_ids token_dim tokenize add_prefix_space forced_bos_token_id decoder_start_token_id key keys
key_mapping past_key_values query_key_value auto_map author authors author_name secretary passage password_length_hint
trust_remote_code revision local_files_only proxies keyword access accessible passing pass bypass
use_cache code_revision class_name model_type monkey hockey authenticated basic tokenized next_token next_token_logits
""".split()


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_secret_name(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ORDINARY_NAMES)
def test_an_ordinary_name(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("HF_TOKEN", "hf_abcdefghijklmnopqrst", True),
        ("HF_TOKEN", "abc", True),
        ("MY_API_KEY", "x1y2z3a4b5", True),
        ("MYAPIKEY", "x1y2z3a4b5", True),
        ("AWS_SECRET_ACCESS_KEY", "/begins/with+a+slash0", True),
        ("PGPASSWORD", "123456", True),
        ("GIT_PASSWORD", "true-or-not", True),
        ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1", False),
        ("TOKENIZERS_PARALLELISM", "false", False),
        ("HF_TOKEN_PATH", "/no/such/file", False),
        ("HF_TOKEN_PATH", "~/here", False),
        ("MAX_TOKENS", "128000", False),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/usr/bin/env", False),
        ("HF_HOME", "/anything", False),
        ("HF_TOKEN", "", False),
    ],
)
def test_environment_variables(name: str, value: str, secret: bool) -> None:
    assert is_secret_variable(name, value) is secret


# ── Forms of a known secret ────────────────────────────────────────────────────────────────────────

secrets = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=6, max_size=30).filter(
    lambda text: text.strip() == text
)


@given(secret=secrets, before=st.text(max_size=20), after=st.text(max_size=20))
@example(secret=PLANTED, before="", after="")
@example(secret='qu"ote\\back', before="", after="")
def test_a_known_secret_is_masked_in_every_form(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    forms = {
        "plain": secret,
        "percent": quote(secret, safe=""),
        "percent, slashes left": quote(secret),
        "form": quote_plus(secret),
        "percent, small": "".join(part.lower() if part[0] == "%" else part for part in percent_parts(secret)),
        "repr": repr(secret)[1:-1],
        "json": json.dumps(secret)[1:-1],
        "json, unicode": json.dumps(secret, ensure_ascii=False)[1:-1],
    }
    for what, form in forms.items():
        assume(form not in before + after and form not in MASK)
        assert form not in redactor.text(f"{before} {form} {after}"), what


def percent_parts(text: str) -> list[str]:
    import re

    return re.findall(r"%[0-9A-F]{2}|.", quote(text, safe=""), re.DOTALL)


@given(
    secret=st.text(st.characters(codec="utf-8"), min_size=6, max_size=30),
    before=st.binary(max_size=12),
    after=st.binary(max_size=12),
)
def test_a_known_secret_in_base64(secret: str, before: bytes, after: bytes) -> None:
    redactor = Redactor([secret])
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode(before + secret.encode() + after).decode()
        masked = redactor.text(f"see {encoded} end")
        assert MASK in masked
        # What remains contains at most the bits at the secret's edges.
        left = len(masked) - len("see  end") - len(MASK)
        assert left * 6 <= (len(before) + len(after) + 2) * 8 + 12 + 2 * 6


def test_basic_authorization_of_a_known_password() -> None:
    header = base64.b64encode(f"user:{PLANTED}".encode()).decode()
    assert header not in Redactor([PLANTED]).text(header)


def test_secrets_of_many_lines() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7VJTU\n-----END PRIVATE KEY-----"
    redactor = Redactor([key])
    assert redactor.text(f"a {key} b") == f"a {MASK} b"
    assert "MIIEvQIBADANBgkqhkiG9w0BAQEF" not in redactor.text("line: MIIEvQIBADANBgkqhkiG9w0BAQEF")


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    assert Redactor(["abcdef", "abcdefghij"]).text("abcdefghij") == MASK


@given(st.text())
def test_a_text_without_secrets_stays(text: str) -> None:
    assume("://" not in text and "_" not in text and "-" not in text and "b" not in text.lower())
    assert Redactor([PLANTED]).text(text) == text


@given(st.lists(st.text(max_size=12), max_size=5), st.text(), st.randoms(use_true_random=False))
def test_any_text_of_six_characters_can_be_a_secret(made: list[str], text: str, chance: random.Random) -> None:
    pieces = [*made, *made, text]
    chance.shuffle(pieces)
    cleaned = Redactor(made).text("".join(pieces))
    for secret in made:
        if len(secret) >= 6:
            assert not any(secret in part for part in cleaned.split(MASK))


def test_learning_secrets_while_redacting() -> None:
    redactor = Redactor()
    assert redactor.text("later-on") == "later-on"
    redactor.learn("later-on")
    assert redactor.text("later-on") == MASK
    redactor.learn("short")  # would mask parts of ordinary text
    assert redactor.text("a short text") == "a short text"


# ── Shapes of unknown secrets ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("token hf_AbCdEfGhIjKlMnOpQrStUv here", f"token {MASK} here"),
        ("ghp_0123456789abcdefghij0123", MASK),
        ("github_pat_0123456789abcdefghij0123", MASK),
        ("sk-proj-0123456789abcdefghij", MASK),
        ("Authorization: Bearer abc123DEF456", f"Authorization: {MASK}"),
        ("authorization: bearer eyJhbGciOi.eyJzdWIi.x_Y-z", f"authorization: {MASK}"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", f"Authorization: {MASK}"),
        ("https://user:pass@host/x", f"https://{MASK}@host/x"),
        ("https://user:p@ss@host/x", f"https://{MASK}@host/x"),
        ("https://:pass@host/x", f"https://{MASK}@host/x"),
        ("https://only-a-token@host/x", f"https://{MASK}@host/x"),
        ("http://user:pass@host:8080", f"http://{MASK}@host:8080"),
        ("socks5h://user:p%40ss@[::1]:1", f"socks5h://{MASK}@[::1]:1"),
        ("'https://a:b@h', 'https://c:d@h'", f"'https://{MASK}@h', 'https://{MASK}@h'"),
    ],
)
def test_shapes_of_secrets(text: str, masked: str) -> None:
    assert Redactor().text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "Whether or not to do basic tokenization before WordPiece.",
        "Basic transformers usage, basic whitespace cleaning, BASIC INSTRUCTION",
        "the bearer certificate, bearer authentication",
        "https://huggingface.co/docs: see user@host",
        "https://host:8080/a@b and https://host/@user/x",
        "git@github.com:user/x, ssh://git@github.com/user/x",
        "mailto:someone@example.com",
        "hf_hub_download, hf_quantizer, hf_tokenizer_class_name_of_it, hf_device_map",
        "task-based, risk-averse, sk-learn",
        "Mask-RCNN sk-short",
        "x = y @ z; a://b",
        "def __init__(self, *, eos_token='</s>', token_type_ids=None): https://x.y/a?b=c:d@e",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert Redactor().text(text) == text


# ── Where secrets are found ────────────────────────────────────────────────────────────────────────


def machine(home: Path, **environment: str) -> set[str]:
    return secrets_of_this_machine(environment, home)


def test_secrets_in_the_environment(tmp_path: Path) -> None:
    found = machine(
        tmp_path,
        HF_TOKEN="env-token-1",
        MY_API_KEY=" padded-key-2 ",
        HTTP_PROXY="http://user:proxy%2Fpass-3@host:1",
        ANY_URL="see https://token-alone-4@host and https://u:last-5-pass@h",
        TOKENIZERS_PARALLELISM="false",
        HF_HUB_DISABLE_IMPLICIT_TOKEN="1",
        MAX_TOKENS="128000",
        HF_TOKEN_PATH=str(tmp_path / "nowhere"),
        PATH="/usr/bin:/bin",
    )
    assert {"env-token-1", "padded-key-2", "proxy%2Fpass-3", "proxy/pass-3", "token-alone-4", "last-5-pass"} == found


def test_saved_hub_tokens(tmp_path: Path) -> None:
    for folder, secret in ((".cache/huggingface", "default-home-1"), ("hf", "hf-home-2")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "token").write_text(f"{secret}\n")
    (tmp_path / "hf" / "stored_tokens").write_text("[main]\nhf_token = stored-4\n\n[other]\nhf_token=stored-5\n")
    (tmp_path / ".huggingface").mkdir()
    (tmp_path / ".huggingface" / "token").write_text("old-place-6")
    (tmp_path / "file").write_text("token-path-7")
    assert {"default-home-1", "old-place-6"} == machine(tmp_path)
    found = machine(tmp_path, HF_HOME=str(tmp_path / "hf"), HF_TOKEN_PATH=str(tmp_path / "file"))
    assert {"hf-home-2", "stored-4", "stored-5", "old-place-6", "token-path-7"} <= found
    (tmp_path / "stored_tokens").write_text("[main]\nhf_token = beside-the-file-8\n")
    assert "beside-the-file-8" in machine(tmp_path, HF_TOKEN_PATH=str(tmp_path / "file"))


def test_a_hub_folder_below_xdg_or_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for folder, secret in (("xdg/huggingface", "xdg-secret"), ("hf", "tilde-secret")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "token").write_text(secret)
    assert "xdg-secret" in machine(tmp_path, XDG_CACHE_HOME=str(tmp_path / "xdg"))
    assert "tilde-secret" in machine(tmp_path, HF_HOME="~/hf")


def test_netrc(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text(
        "machine a login me password first-pass\n"
        "machine a login other password second-pass\n"
        "machine b\n  login me\n  password third-pass\n"
        'machine c login me password "with blank"\n'
        "default login x password fallback-pass\n"
    )
    (tmp_path / "other").write_text("machine z login me password elsewhere-pass")
    assert {"first-pass", "second-pass", "third-pass", "with blank", "fallback-pass"} <= machine(tmp_path)
    assert "elsewhere-pass" in machine(tmp_path, NETRC=str(tmp_path / "other"))


def test_a_broken_netrc(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine a login me password still-found-1\nnonsense {{{\n")
    assert "still-found-1" in machine(tmp_path)


def test_git_credentials(tmp_path: Path) -> None:
    (tmp_path / ".git-credentials").write_text("https://user:git-cred-1@huggingface.co\nhttps://git-cred-2@x.org\n")
    assert {"git-cred-1", "git-cred-2"} <= machine(tmp_path)


def test_unreadable_places_are_ignored(tmp_path: Path) -> None:
    (tmp_path / ".netrc").mkdir()
    (tmp_path / ".cache" / "huggingface" / "token").mkdir(parents=True)
    assert machine(tmp_path, HF_TOKEN_PATH="/dev/null", NETRC="/no/such") == set()


def test_secrets_in_arguments() -> None:
    found = secrets_in(
        {
            "token": "top-level-1",
            "use_auth_token": True,
            "headers": {"Authorization": "Bearer header-2-part", "Accept": "text/html"},
            "deep": {"a": [{"password": "in-a-list-3"}, ("x", {"secret": "in-a-tuple-4"})]},
            "api_keys": ["listed-5-key", {"any": "below-6-key"}],
            "passwd": 12345678,
            "eos_token": "</s>",
            "proxies": {"https": "http://user:proxy-7-pass@host"},
            "Proxy-Authorization": "Basic " + base64.b64encode(b"user:basic-8-pass").decode(),
        }
    )
    expected = {
        "top-level-1", "Bearer header-2-part", "header-2-part", "in-a-list-3", "in-a-tuple-4", "listed-5-key",
        "below-6-key", "12345678", "proxy-7-pass", "basic-8-pass",
    }  # fmt: skip
    assert expected <= found
    assert not {"</s>", "text/html", "True"} & found


def test_secrets_in_source() -> None:
    found = secrets_in_source(
        """
HF_TOKEN = "constant-1-x"
api_key: str = "annotated-2-x"
def f(token="default-3-x", *, password="keyword-4-x", eos_token="</s>"): ...
load(path, token="argument-5-x", use_auth_token=True)
headers = {"Authorization": "Bearer item-6-xyz", "Accept": "text/html"}
self.secret = "attribute-7-x"
config["api_key"] = "subscript-8-x"
token = "<|image|>"
pad_token = "ordinary-9-x"
auth = "basic"
a, token = 1, "pair-10-xy"
"""
    )
    expected = {f"{what}-x" for what in ("constant-1", "annotated-2", "default-3", "keyword-4", "argument-5")}
    expected |= {"attribute-7-x", "subscript-8-x", "Bearer item-6-xyz", "item-6-xyz", "pair-10-xy"}
    assert expected <= found
    assert not {"<|image|>", "ordinary-9-x", "basic", "text/html", "</s>"} & found


@pytest.mark.parametrize("text", ["", "def f(:", "x = '\0'", "token = ", "(" * 10_000, "\ud800"])
def test_source_that_does_not_parse_has_no_known_secrets(text: str) -> None:
    assert secrets_in_source(text) == set()


@pytest.mark.parametrize(
    ("given_", "masked", "found"),
    [
        (["glm-trace", "load", "x"], None, set()),
        (["glm-trace", "--kwarg", "token=abc"], ["glm-trace", "--kwarg", f"token={MASK}"], {"abc"}),
        (["glm-trace", "--kwarg=token=abc"], ["glm-trace", f"--kwarg=token={MASK}"], {"abc"}),
        (["glm-trace", "--kwarg", "eos_token=abc", "--dtype", "auto"], None, set()),
        (["run", "x.py", "--hf-token", "abcdef", "-v"], ["run", "x.py", "--hf-token", MASK, "-v"], {"abcdef"}),
        (["run", "x.py", "--password=abcdef"], ["run", "x.py", f"--password={MASK}"], {"abcdef"}),
        (["run", "x.py", "--token", "--verbose"], None, set()),
        (["run", "x.py", "--max-new-tokens", "12"], None, set()),
        (["run", "x.py", "--token"], None, set()),
    ],
)
def test_a_command_line(given_: list[str], masked: list[str] | None, found: set[str]) -> None:
    assert masked_command(given_) == (masked or given_, found)

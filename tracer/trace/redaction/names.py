"""Which names belong to secrets, and which values under them are secrets: the one definition of the project.

A name is read word by word (``myApiKey``, ``MY_API_KEY`` and ``my-api-key`` are the same three words), and its last
word says what it names: ``db_password`` is a password, ``password_length`` a length. Some of these words leave no
doubt. Others do: a ``slack_token`` is a secret, an ``eos_token`` is none, and nobody has a list of all such names.
There the value decides.
"""

from __future__ import annotations

import enum
import math
import re
from collections import Counter
from functools import lru_cache
from typing import Final

MIN_SEARCHED: Final = 6
"""A shorter secret can't be searched for without shredding ordinary text."""


class Suspicion(enum.IntEnum):
    """How much a name says about what stands under it."""

    NONE = 0
    POSSIBLE = 1  # a secret if it looks as if a machine had made it up
    LIKELY = 2  # a secret unless it looks like a word, a special token, a path, the name of a module…
    CERTAIN = 3  # a secret whatever it is


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# Said of a secret, or of the form it has; what remains without them is what the name names.
_QUALIFIERS: Final = _words(
    """value values val str string text txt header headers hash hashed b64 base64 enc encoded encrypted raw plain clear
    cleartext plaintext old new prod production dev staging live test main primary secondary backup default content
    contents data id ids pem hex digest mine temp tmp json
    yaml"""
)
_CERTAIN: Final = _words(
    """password passwords passwd passwds passwort pwd pwds passphrase passphrases passcode passcodes secret secrets
    credential credentials cred creds cookie cookies bearer auth authorization authentication apikey apikeys jwt
    jwts dsn kennwort contrasena senha mima miyao passe webhook webhooks sas"""
)
_CERTAIN_PART: Final = re.compile(
    r"passw(?:or)?d|passw0rd|passphrase|passcode|secret(?!ar|ion|e)|credential|api_?key|private_?key|accesskey|authtoken|"
    r"(?:conn(?:ection)?|db)_?str(?:ing)?$|auth_?key"
)
_KEYS: Final = _words(
    """api secret private signing sign access encryption decryption encrypt deploy ssh rsa gpg pgp subscription license
    licence account storage master shared service admin auth client consumer webhook hmac aes tls ssl vault cipher
    crypto security server functions function sas stream team org organization host user personal bot app
    application project"""
)
_CERTAIN_KEYS: Final = _words("api secret private signing access")
_TOKENS: Final = _words(
    """auth authentication access hub hf face huggingface refresh github gitlab session api bearer csrf xsrf oauth
    security id sas jwt deploy personal secret login"""
)
_LIKELY: Final = _words("""pass pw pws pin pins otp totp mfa 2fa bindpw hmac salt nonce ak sk aksk psk mnemonic""")
_POSSIBLE: Final = _words(
    """signature sig signatures session sessions sid login certificate cert pat pats license licence key keys token
    tokens code sign access account"""
)
# A text model's own tokens, and the keys of dictionaries.
_ORDINARY_TOKENS: Final = _words(
    """eos bos pad unk mask sep cls image images img video audio speech vision visual boi eoi boa eoa bov eov boc eoc
    start end stop begin special extra additional added all next prev previous last first input inputs output
    outputs forced decoder encoder word sub text prefix suffix middle fim query value control tool role sampled
    generated draft prompt completion current cur per each one single num n max min total valid invalid unused
    reserved sentinel think thinking newline blank timestamp language lang task vocab vocabulary target source src
    tgt raw str string new old split merged byte tokenizer suppress suppressed banned bad"""
)
_ORDINARY_KEYS: Final = _words(
    """query past sort sorted cache cached dict state weight weights param parameter parameters module layer layers
    image video audio pixel label labels base new old source target src tgt dst column primary foreign lookup index
    config attr attribute feature batch data input inputs output outputs hash map mapping matched missing unexpected
    checkpoint ckpt model tensor tensors file prefix suffix name first last next prev current group metric kwarg
    kwargs json env lora adapter head heads num value values q k v self cross attn attention token tokens tok full
    renamed original loaded expected shared tied buffer sub parent child root path dot nested best pattern regex lm
    final kv dictionary this that any all each per other extra unique partition row record field header bias conv
    embed embedding"""
)
_ORDINARY_PASSES: Final = _words(
    "first second third forward backward single multi final last one two num per train eval by com extra next each"
)
_CODES: Final = _words(
    """auth authorization authentication recovery backup mfa otp totp factor verification access security pass pin
    invite device activation sms sign"""
)
_NO_VALUES: Final = _words("true false none null")
_NO_SECRET_TOKEN: Final = re.compile(r"(?s)[<\[{(].*[>\]})]|[▁Ġ#@].*|.*</w>")
_DOTTED_NAME: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_DIGESTS: Final = frozenset({32, 40, 56, 64, 96, 128})
_FILE: Final = re.compile(
    r"(?:~|\.{0,2}/|[A-Za-z]:\\).*|.*\.(?:py|json|txt|ya?ml|toml|bin|safetensors|model|pem|md|log)"
)
SAID_OF_SECRETS: Final = _words(
    """true false none null nil undefined auto default required optional string password passwd secret token bearer
    basic digest negotiate kerberos oauth oauth2 apikey api_key unknown disabled enabled redacted masked hidden
    keyring anonymous changeme unset missing not-set not_set n/a"""
)


CHINESE: Final = ("密码", "密钥", "口令", "令牌", "凭证", "凭据")


@lru_cache(maxsize=8192)
def suspicion(name: str) -> Suspicion:
    """How much a variable's, argument's, key's or header's name says about what stands under it."""
    if any(word in name for word in CHINESE):
        return Suspicion.CERTAIN
    words = [word.lower() for word in _WORD.findall(name[:200].replace("w0rd", "word"))]
    if not words:
        return Suspicion.NONE
    head = _without_qualifiers(words)
    found = _of_head(head) if head else Suspicion.NONE
    if found is not Suspicion.CERTAIN and any(map(_is_about_secrets, words)):
        found = max(found, Suspicion.POSSIBLE)
    return found


def is_secret_name(name: str) -> bool:
    """Whether whatever stands under this name is a secret."""
    return suspicion(name) is Suspicion.CERTAIN


def is_secret(name: str, text: str) -> bool:
    """Whether this text is a secret where it stands under this name."""
    level = suspicion(name)
    if level is Suspicion.NONE or not text:
        return False
    if level is Suspicion.CERTAIN:
        return text.lower() not in _NO_VALUES
    if level is Suspicion.LIKELY:
        return is_no_word(text) or (text.isdigit() and len(text) >= 4 and _WORD.findall(name)[-1].lower() in _LIKELY)
    return looks_random(text) and not (_HEX.fullmatch(text) and len(text) in _DIGESTS and _names_a_key(name))


def is_no_word(text: str) -> bool:
    """Whether a text could be a secret: it is no word, special token, path, number, or name of a module or class."""
    if len(text) < MIN_SEARCHED or " " in text.strip() or "\n" in text.strip() or text.lower() in SAID_OF_SECRETS:
        return False
    if _NO_SECRET_TOKEN.fullmatch(text) or _FILE.fullmatch(text) or text.isdigit():
        return False
    if _DOTTED_NAME.fullmatch(text):
        return any(map(looks_random, text.split(".")))
    if any(map(str.isdigit, text)):
        return not re.fullmatch(r"[A-Za-z_]+_?\d{1,2}", text) or len(text) >= 20
    return len(text) >= 20


def looks_random(text: str) -> bool:
    """Whether a text looks as if a machine had made it up: long, of letters and digits, and these well mixed."""
    if len(text) < 16 or " " in text or "\n" in text or _NO_SECRET_TOKEN.fullmatch(text) or _FILE.fullmatch(text):
        return False
    for run in re.findall(r"[A-Za-z0-9+/=]{8,}", text):
        changes = len(re.findall(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])", run))
        if any(map(str.isdigit, run)) and changes >= 3 and (len(run) >= 12 or changes >= 5) and entropy(run) > 2.5:
            return True
    return False


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def can_be_searched(text: str) -> bool:
    """Whether a secret can be looked for everywhere: a short or common word would be found in ordinary text."""
    if len(text) < MIN_SEARCHED or text.lower() in SAID_OF_SECRETS or _NO_SECRET_TOKEN.fullmatch(text):
        return False
    if text.replace("-", "_").isidentifier() and not any(map(str.isdigit, text)) and suspicion(text) > Suspicion.NONE:
        return False  # the name of a variable or header, said where its value could stand
    return len(text) >= 12 or not (text.isalpha() and (text.islower() or text.istitle()))


def _without_qualifiers(words: list[str]) -> list[str]:
    end = len(words)
    while end > 1 and (words[end - 1] in _QUALIFIERS or words[end - 1].isdigit()):
        if words[end - 1] in ("id", "ids") and words[end - 2] in ("token", "tokens"):
            break  # a number in the vocabulary
        if words[end - 1] in ("string", "str") and words[end - 2] in ("connection", "conn"):
            break
        end -= 1
    if end > 1 and words[end - 1] in ("url", "uri", "urls") and words[end - 2] in ("webhook", "hook", "dsn", "sas"):
        end -= 1
    return words[:end]


def _of_head(words: list[str]) -> Suspicion:
    head, before = words[-1], words[-2] if len(words) > 1 else ""
    if head in _CERTAIN or _CERTAIN_PART.search(f"{before}_{head}" if before else head):
        return Suspicion.CERTAIN
    if head in ("string", "str") and before in ("connection", "conn"):
        return Suspicion.CERTAIN
    if head in ("token", "tokens"):
        if before in _TOKENS or (not before and head == "token"):
            return Suspicion.CERTAIN
        return Suspicion.POSSIBLE if before in _ORDINARY_TOKENS or not before else Suspicion.LIKELY
    if head in ("key", "keys"):
        if before in _KEYS:
            return (
                Suspicion.CERTAIN if before in ("api", "secret", "private", "signing", "access") else Suspicion.LIKELY
            )
        return Suspicion.POSSIBLE if before in _ORDINARY_KEYS or not before else Suspicion.LIKELY
    if head == "pass" and before in _ORDINARY_PASSES:
        return Suspicion.NONE
    if head in ("phrase", "phrases", "code", "codes") and before in ("pass", "seed", "recovery", "backup", "secret"):
        return Suspicion.CERTAIN
    if (head in ("code", "codes") and before in _CODES) or (head == "account" and before == "service"):
        return Suspicion.LIKELY
    if head in _LIKELY or (before and head in ("pat", "pats", "sid")):
        return Suspicion.LIKELY
    if head in ("signature", "sig") and before in ("access", "sas", "request", "url", "webhook"):
        return Suspicion.LIKELY
    if head in _POSSIBLE:
        return Suspicion.POSSIBLE
    return _of_joined(head)


def _of_joined(word: str) -> Suspicion:
    """Words without anything between them: ``hftoken``, ``sshkey``, ``bindpw``, ``smtppass``."""
    for ending, of_parts in (("tokens", _TOKENS), ("token", _TOKENS), ("keys", _KEYS), ("key", _KEYS)):
        if word.endswith(ending) and len(word) > len(ending):
            before = word[: -len(ending)]
            if any(map(before.endswith, of_parts)):
                return Suspicion.LIKELY
            return Suspicion.POSSIBLE
    if word.endswith(("pwd", "pw", "cookie", "webhook", "creds", "sessionid", "authn", "authz")):
        return Suspicion.LIKELY
    if word.endswith(("pass", "auth", "jwt", "dsn")):
        return Suspicion.POSSIBLE if word in ("bypass", "compass", "surpass", "encompass") else Suspicion.LIKELY
    return Suspicion.NONE


def is_about_secrets(name: str) -> bool:
    """Whether a word of a name says that it has to do with secrets."""
    return any(_is_about_secrets(word.lower()) for word in _WORD.findall(name))


def _is_about_secrets(word: str) -> bool:
    return (
        word in _CERTAIN
        or word in _LIKELY
        or word in ("token", "signature", "sig")
        or _CERTAIN_PART.search(word) is not None
    )


def _names_a_key(name: str) -> bool:
    return _WORD.findall(name)[-1].lower() in ("key", "keys")

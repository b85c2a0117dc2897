"""The optional libraries that a message of transformers names as missing, and the packages that they come in."""

from __future__ import annotations

import re
from typing import Final

# requires_backends of 4.44.2 and of 5.23.0
_REQUIRES: Final = re.compile(
    r"(?P<who>\w+)? ?requires (?:thes? )?(?:🤗 )?(?P<library>[\w. -]+?) library"
    r"(?: but it|, but it|\. But that) was not found"
)
PACKAGES: Final = {
    "SentencePiece": "sentencepiece",
    "protobuf": "protobuf",
    "PIL": "pillow",
    "Torchvision": "torchvision",
    "Jinja": "jinja2",
    "jinja": "jinja2",
    "FTFY": "ftfy",
    "sacremoses": "sacremoses",
    "timm": "timm",
    "Scipy": "scipy",
    "soundfile": "soundfile",
    "librosa": "librosa",
    "torchaudio": "torchaudio",
    "OpenCV": "opencv-python",
    "faiss": "faiss-cpu",
    "Datasets": "datasets",
    "datasets": "datasets",
    "Tokenizers": "tokenizers",
    "Beautiful Soup": "beautifulsoup4",
    "PyAv": "av",
    "TorchCodec": "torchcodec",
    "PyTorch": "torch",
    "torch ccl": "oneccl_bind_pt",
    "TensorFlow": "tensorflow",
    "FLAX": "flax",
    "Detectron2": "detectron2",
    "PyTesseract": "pytesseract",
    "pytesseract": "pytesseract",
    "phonemizer": "phonemizer",
    "rjieba": "rjieba",
    "levenshtein": "python-Levenshtein",
    "NLTK": "nltk",
    "nltk": "nltk",
    "g2p_en": "g2p-en",
    "essentia": "essentia",
    "pretty_midi": "pretty-midi",
}


def missing_libraries(message: str) -> list[str]:
    """Return the libraries that a message says were not found, as it writes them."""
    return [match["library"] for match in _REQUIRES.finditer(message)]


def missing_packages(message: str) -> tuple[str, list[str]]:
    """Return the class that a message says needs libraries that were not found, and the packages of those."""
    first = _REQUIRES.search(message)
    who = (first["who"] or "") if first is not None else ""
    return who, list(dict.fromkeys(PACKAGES.get(name, name) for name in missing_libraries(message)))

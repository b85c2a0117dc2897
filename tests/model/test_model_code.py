"""Which code is the model's own, and which executions of it are stepped."""

from __future__ import annotations

import torch
import transformers
from transformers.models.bert import modeling_bert

from tracer.recorder.stepping.model_code import ModelCode, is_model_file

BERT = modeling_bert.__file__ or ""


def test_model_files() -> None:
    assert is_model_file("/x/hf/modules/transformers_modules/glm/modeling_chatglm.py")
    assert is_model_file("C:\\hf\\modules\\transformers_modules\\glm\\modeling_chatglm.py")
    assert is_model_file(BERT)
    assert not is_model_file(torch.nn.modules.linear.__file__)
    assert not is_model_file(transformers.modeling_utils.__file__)
    assert not is_model_file(transformers.models.bert.configuration_bert.__file__)


def test_files_come_from_the_modules_classes() -> None:
    own = ModelCode("first")
    own.add_files_of([modeling_bert.BertLayer, torch.nn.Linear, torch.nn.LayerNorm])
    assert own.files == {BERT}


def test_functions_are_targets_once_their_file_is_known() -> None:
    own = ModelCode("first")
    forward = modeling_bert.BertSelfOutput.forward.__code__
    assert own.target(forward, {}) is None
    own.files.add(forward.co_filename)
    target = own.target(forward, {})
    assert target is not None
    assert target.in_model
    assert target.function == "BertSelfOutput.forward"
    lambda_code = (lambda: 0).__code__.replace(co_filename=forward.co_filename)
    assert own.target(lambda_code, {}) is None

    def generator() -> object:
        yield 1

    assert own.target(generator.__code__.replace(co_filename=forward.co_filename), {}) is None


def test_which_executions_are_stepped() -> None:
    forward = modeling_bert.BertLayer.forward.__code__
    other = modeling_bert.BertPooler.forward.__code__
    first, every, none = ModelCode("first"), ModelCode("all"), ModelCode("none")
    assert [first.may_step(forward), first.may_step(forward), first.may_step(other)] == [True, False, True]
    first.new_pass()
    assert first.may_step(forward)
    assert [every.may_step(forward), every.may_step(forward)] == [True, True]
    assert [none.may_step(forward), none.may_step(other)] == [False, False]


def test_of_building_the_first_is_stepped_always() -> None:
    build = modeling_bert.BertLayer.__init__.__code__
    for wish in ("first", "all", "none"):
        own = ModelCode(wish)  # type: ignore[arg-type]
        assert [own.may_step(build), own.may_step(build)] == [True, False]


def test_initialisers_are_recognised_by_what_they_build() -> None:
    own = ModelCode("first")
    layer = modeling_bert.BertPooler.__init__.__code__
    config = transformers.BertConfig(hidden_size=8, num_attention_heads=1)
    target = own.target(layer, {"self": modeling_bert.BertPooler(config)})
    assert target is not None
    assert (target.stage, target.function) == ("construct", "BertPooler.__init__")
    assert own.target(layer, {"self": object()}) is None
    linear = torch.nn.Linear(1, 1)
    assert own.target(torch.nn.Linear.__init__.__code__, {"self": linear}) is None

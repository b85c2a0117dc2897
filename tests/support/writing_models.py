"""Tiny models of the library that write, one for each kind of cache; they import torch."""

from __future__ import annotations

import importlib
from typing import Any

import torch
import transformers

MARKS = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
LAYERS = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
OF_TWO = {
    "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
}  # fmt: skip


def gpt2() -> Any:
    config = transformers.GPT2Config(vocab_size=64, n_embd=16, n_layer=2, n_head=2, n_positions=64, **MARKS)
    return transformers.GPT2LMHeadModel(config)


def llama() -> Any:
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(vocab_size=64, **LAYERS, **MARKS))


def reformer() -> Any:
    config = transformers.ReformerConfig(
        vocab_size=64, hidden_size=16, num_attention_heads=2, attention_head_size=8, feed_forward_size=16,
        attn_layers=["local", "local"], local_attn_chunk_length=4, axial_pos_embds=False, max_position_embeddings=64,
        is_decoder=True, **MARKS,
    )  # fmt: skip
    return transformers.ReformerModelWithLMHead(config)


def xlnet() -> Any:
    config = transformers.XLNetConfig(vocab_size=64, d_model=16, n_layer=2, n_head=2, d_inner=16, mem_len=32, **MARKS)
    return transformers.XLNetLMHeadModel(config)


def mamba() -> Any:
    config = transformers.MambaConfig(vocab_size=64, hidden_size=16, state_size=4, num_hidden_layers=2, **MARKS)
    return transformers.MambaForCausalLM(config)


def rwkv() -> Any:
    config = transformers.RwkvConfig(
        vocab_size=64, hidden_size=16, attention_hidden_size=16, intermediate_size=16, num_hidden_layers=2, **MARKS
    )
    return transformers.RwkvForCausalLM(config)


def openai_gpt() -> Any:
    config = transformers.OpenAIGPTConfig(vocab_size=64, n_embd=16, n_layer=1, n_head=2, n_positions=64)
    model = transformers.OpenAIGPTLMHeadModel(config)
    model.generation_config.pad_token_id = 0
    return model


def gemma2() -> Any:
    """Windows of four tokens and whole attention by turns."""
    config = transformers.Gemma2Config(
        vocab_size=64, **LAYERS, num_key_value_heads=1, head_dim=8, sliding_window=4, query_pre_attn_scalar=8, **MARKS
    )
    return transformers.Gemma2ForCausalLM(config)


def mistral() -> Any:
    """Windows of four tokens in each layer."""
    config = transformers.MistralConfig(vocab_size=64, **LAYERS, num_key_value_heads=1, sliding_window=4, **MARKS)
    return transformers.MistralForCausalLM(config)


def recurrent_gemma() -> Any:
    config = transformers.RecurrentGemmaConfig(
        vocab_size=64, **{**LAYERS, "num_hidden_layers": 3}, num_key_value_heads=1, head_dim=8, lru_width=16,
        attention_window_size=16, **MARKS,
    )  # fmt: skip
    return transformers.RecurrentGemmaForCausalLM(config)


def jamba() -> Any:
    """A state in the first layer, keys and values in the second."""
    config = transformers.JambaConfig(
        vocab_size=64, **LAYERS, num_key_value_heads=1, attn_layer_period=2, attn_layer_offset=1, expert_layer_period=2,
        expert_layer_offset=1, num_experts=2, num_experts_per_tok=1, mamba_d_state=4, mamba_d_conv=2, mamba_expand=1,
        mamba_dt_rank=2, use_mamba_kernels=False, **MARKS,
    )  # fmt: skip
    return transformers.JambaForCausalLM(config)


def t5() -> Any:
    config = transformers.T5Config(
        vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_decoder_layers=1, num_heads=2,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return transformers.T5ForConditionalGeneration(config)


def bart() -> Any:
    config = transformers.BartConfig(
        vocab_size=64, **OF_TWO, max_position_embeddings=64, decoder_start_token_id=2, forced_eos_token_id=None, **MARKS
    )
    return transformers.BartForConditionalGeneration(config)


def whisper() -> Any:
    config = transformers.WhisperConfig(
        vocab_size=64, **OF_TWO, num_mel_bins=4, max_source_positions=16, max_target_positions=32,
        decoder_start_token_id=3, suppress_tokens=None, begin_suppress_tokens=None, **MARKS,
    )  # fmt: skip
    return transformers.WhisperForConditionalGeneration(config)


def musicgen() -> Any:
    """Four code books that become a sound."""
    config = transformers.MusicgenConfig(
        text_encoder=transformers.T5Config(
            vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
        ).to_dict(),
        audio_encoder=transformers.EncodecConfig(
            num_filters=2, hidden_size=8, codebook_size=32, num_lstm_layers=1, upsampling_ratios=[2, 2],
            target_bandwidths=[4.0], sampling_rate=400, kernel_size=3, last_kernel_size=3,
        ).to_dict(),
        decoder=importlib.import_module("transformers.models.musicgen.configuration_musicgen").MusicgenDecoderConfig(
            vocab_size=32, hidden_size=16, ffn_dim=16, num_hidden_layers=1, num_attention_heads=2, num_codebooks=4,
            max_position_embeddings=64, pad_token_id=32, bos_token_id=32,
        ).to_dict(),
    )  # fmt: skip
    model = transformers.MusicgenForConditionalGeneration(config)
    model.generation_config.decoder_start_token_id = 32
    model.generation_config.pad_token_id = 32
    return model


def bark() -> Any:
    """Three models that write one after another: meanings, rough codes, fine codes; then a sound."""
    configs = importlib.import_module("transformers.models.bark.configuration_bark")
    settings = importlib.import_module("transformers.models.bark.generation_configuration_bark")
    layers = {"num_layers": 1, "num_heads": 2, "hidden_size": 16, "block_size": 256}
    codec = transformers.EncodecConfig(
        num_filters=2, hidden_size=8, codebook_size=1024, num_lstm_layers=1, upsampling_ratios=[2, 2],
        target_bandwidths=[8.0], sampling_rate=400, kernel_size=3, last_kernel_size=3,
    )  # fmt: skip
    config = transformers.BarkConfig(
        semantic_config=configs.BarkSemanticConfig(**layers).to_dict(),
        coarse_acoustics_config=configs.BarkCoarseConfig(**layers).to_dict(),
        fine_acoustics_config=configs.BarkFineConfig(**layers).to_dict(),
        codec_config=codec.to_dict(),
    )
    model = transformers.BarkModel(config)
    semantic = settings.BarkSemanticGenerationConfig(
        max_input_semantic_length=6, text_encoding_offset=100, semantic_pad_token=200, semantic_infer_token=201,
        semantic_vocab_size=100, semantic_rate_hz=5, max_new_tokens=4, text_pad_token=202, eos_token_id=200,
    )  # fmt: skip
    coarse = settings.BarkCoarseGenerationConfig(
        max_coarse_history=8, max_coarse_input_length=8, sliding_window_len=4, coarse_rate_hz=7, n_coarse_codebooks=2,
        codebook_size=1024, coarse_semantic_pad_token=10_000, coarse_infer_token=10_001,
    )  # fmt: skip
    fine = settings.BarkFineGenerationConfig(max_fine_history_length=8, max_fine_input_length=16, n_fine_codebooks=8)
    model.generation_config = transformers.GenerationConfig(
        semantic_config=semantic.to_dict(), coarse_acoustics_config=coarse.to_dict(),
        fine_acoustics_config=fine.to_dict(), sample_rate=400, codebook_size=1024,
    )  # fmt: skip
    return model


def blip() -> Any:
    """A ``generate`` of its own, which hands the picture to a model inside that writes."""
    layers = {**LAYERS, "projection_dim": 8}
    text = {**layers, **MARKS, "vocab_size": 64, "max_position_embeddings": 32, "encoder_hidden_size": 16}
    config = transformers.BlipConfig(
        text_config={**text, "sep_token_id": 2},
        vision_config={**layers, "image_size": 16, "patch_size": 8},
        projection_dim=8,
        image_text_hidden_size=8,
    )
    return transformers.BlipForConditionalGeneration(config)


def mixtral() -> Any:
    """Of four experts, two see each token."""
    config = transformers.MixtralConfig(
        vocab_size=64, **LAYERS, num_key_value_heads=1, num_local_experts=4, num_experts_per_tok=2, **MARKS
    )
    return transformers.MixtralForCausalLM(config)


def speecht5() -> Any:
    """Text becomes a spectrogram in the voice of a speaker."""
    config = transformers.SpeechT5Config(
        vocab_size=64, hidden_size=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, num_mel_bins=8,
        speech_decoder_prenet_units=16, speech_decoder_postnet_units=16, speaker_embedding_dim=8, conv_dim=[8],
        conv_stride=[5], conv_kernel=[10], num_feat_extract_layers=1,
    )  # fmt: skip
    return transformers.SpeechT5ForTextToSpeech(config)


def made(name: str) -> Any:
    """Return one of these models, ready, always with the same weights."""
    torch.manual_seed(0)
    return globals()[name]().eval()


def save(name: str, folder: str) -> None:
    """Save one of these models; call it in a fork."""
    made(name).save_pretrained(folder)

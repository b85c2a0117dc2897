"""Mosaic: a tower sees patches, a projector merges four into one, and a language model reads them among the words."""

import torch
from torch import nn
from transformers import DynamicCache, PreTrainedModel
from transformers.generation import GenerationMixin
from transformers.modeling_outputs import CausalLMOutputWithPast

from .configuration_mosaic import MosaicConfig


class MosaicAttention(nn.Module):
    def __init__(self, size, heads, index=None):
        super().__init__()
        self.heads, self.index = heads, index
        self.qkv = nn.Linear(size, 3 * size)
        self.out = nn.Linear(size, size)

    def forward(self, states, mask=None, cache=None):
        rows, length, size = states.shape
        shaped = self.qkv(states).view(rows, length, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        query, key, value = shaped.unbind(0)
        if cache is not None:
            key, value = cache.update(key, value, self.index)
        seen = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return self.out(seen.transpose(1, 2).reshape(rows, length, size))


class MosaicLayer(nn.Module):
    def __init__(self, size, heads, index=None):
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(size), MosaicAttention(size, heads, index)
        self.mlp = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))

    def forward(self, states, mask=None, cache=None):
        states = states + self.attention(self.norm(states), mask, cache)
        return states + self.mlp(states)


class MosaicVisionTower(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embed = nn.Linear(3 * config.patch_size**2, config.hidden_size)
        self.layers = nn.ModuleList(
            MosaicLayer(config.hidden_size, config.num_heads) for _ in range(config.num_hidden_layers)
        )

    def forward(self, patches):
        states = self.embed(patches)[None]
        for layer in self.layers:
            states = layer(states)
        return states[0]


class MosaicProjector(nn.Module):
    def __init__(self, vision, text):
        super().__init__()
        self.merge = vision.merge_size
        self.linear = nn.Linear(vision.hidden_size * self.merge**2, text.hidden_size)

    def forward(self, states, rows, columns):
        step = self.merge
        squares = states.view(rows // step, step, columns // step, step, -1).transpose(1, 2)
        return self.linear(squares.reshape(rows * columns // step**2, -1))


class MosaicLanguageModel(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size)
        self.positions = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.layers = nn.ModuleList(
            MosaicLayer(config.hidden_size, config.num_attention_heads, index)
            for index in range(config.num_hidden_layers)
        )
        self.norm = nn.LayerNorm(config.hidden_size)

    def forward(self, embeds, cache):
        before, length = cache.get_seq_length(), embeds.shape[1]
        places = torch.arange(before, before + length, device=embeds.device)
        states = embeds + self.positions(places)
        mask = torch.arange(before + length, device=embeds.device)[None, :] <= places[:, None]
        for layer in self.layers:
            states = layer(states, mask, cache)
        return self.norm(states)


class MosaicForConditionalGeneration(PreTrainedModel, GenerationMixin):
    config_class = MosaicConfig
    base_model_prefix = ""
    _supports_cache_class = True

    def __init__(self, config):
        super().__init__(config)
        self.vision_tower = MosaicVisionTower(config.vision_config)
        self.projector = MosaicProjector(config.vision_config, config.text_config)
        self.language_model = MosaicLanguageModel(config.text_config)
        self.lm_head = nn.Linear(config.text_config.hidden_size, config.text_config.vocab_size, bias=False)
        self.post_init()

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.5)

    def get_input_embeddings(self):
        return self.language_model.embed

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        pixel_values=None,
        image_grid=None,
        past_key_values=None,
        use_cache=None,
        return_dict=None,
        **kwargs,
    ):
        embeds = self.language_model.embed(input_ids)
        if pixel_values is not None:
            embeds = self.with_pictures(embeds, input_ids == self.config.image_token_id, pixel_values, image_grid)
        cache = past_key_values if past_key_values is not None else DynamicCache()
        logits = self.lm_head(self.language_model(embeds, cache))
        return CausalLMOutputWithPast(logits=logits, past_key_values=cache)

    def with_pictures(self, embeds, marked, pixel_values, image_grid):
        """Return the embeddings with what was seen in the places of the picture's tokens."""
        features, start = [], 0
        for rows, columns in image_grid.tolist():
            states = self.vision_tower(pixel_values[start : start + rows * columns])
            features.append(self.projector(states, rows, columns))
            start += rows * columns
        seen = torch.cat(features)
        if int(marked.sum()) != len(seen):
            raise ValueError(f"{int(marked.sum())} tokens stand for {len(seen)} features of pictures")
        return embeds.masked_scatter(marked[..., None], seen.to(embeds.dtype))

    def prepare_inputs_for_generation(
        self, input_ids, past_key_values=None, attention_mask=None, pixel_values=None, image_grid=None, **kwargs
    ):
        known = past_key_values.get_seq_length() if past_key_values is not None else 0
        inputs = {"input_ids": input_ids[:, known:], "attention_mask": attention_mask}
        seen = {} if known else {"pixel_values": pixel_values, "image_grid": image_grid}
        return {**inputs, **seen, "past_key_values": past_key_values, "use_cache": True}

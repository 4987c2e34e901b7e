"""How an artifact's texts become vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelyard_server.artifact.describe import Artifact
from modelyard_server.artifact.embedding_section import EmbeddingSection, Pooling
from modelyard_server.artifact.sentence_transformers import SentenceFiles
from modelyard_server.engines.base import TensorSpec
from modelyard_server.report import not_a_model

_POOLED = ("sentence_embedding",)
_TOKENS = ("token_embeddings", "last_hidden_state")


@dataclass(frozen=True, slots=True)
class EmbeddingSettings:
    """How texts become vectors.

    Attributes:
        output: The output to take.
        pooled: Whether it holds a vector a text already, and not one a token.
        pooling: How tokens' vectors become one.
        normalize: Whether vectors are scaled to length 1.
        lower: Whether texts are lowercased.
        prompts: What may go before a text, by name.
        default_prompt: What goes before the texts of a request that names no prompt.
    """

    output: str
    pooled: bool
    pooling: tuple[Pooling, ...]
    normalize: bool
    lower: bool
    prompts: Mapping[str, str]
    default_prompt: str


def embedding_settings(
    artifact: Artifact, files: SentenceFiles, outputs: Sequence[TensorSpec]
) -> EmbeddingSettings:
    """Settle them: `modelyard.json`, then sentence-transformers' files, then the mean.

    Raises:
        SourceError: NotAModel, the model has no such output, or lacks layers of its list.
    """
    section = artifact.manifest.embedding or EmbeddingSection()
    output = _output(artifact, section, outputs)
    pooled = len(output.shape) == 2
    pooling = (section.pooling,) if section.pooling else files.pooling
    normalize = files.normalize if section.normalize is None else section.normalize
    if not pooled and files.layers:
        raise not_a_model(
            f"{artifact.model_file}: the output {output.name!r} is what the transformer gives, and "
            f"modules.json lists {', '.join(files.layers)} after it: export the whole model, with an output "
            "sentence_embedding (optimum-cli export onnx --library sentence_transformers)"
        )
    if not pooled and not files.pool_prompt and files.prompts:
        raise not_a_model(
            f"{artifact.model_file}: the pooling layer leaves out the prompt (include_prompt: false), "
            "which is not served; export the whole model, with an output sentence_embedding"
        )
    # Without a word in the files, as sentence-transformers takes such a repository.
    if pooling is None and not pooled:
        artifact.assumed.append("embedding.pooling: mean, for neither modelyard.json nor modules.json says")
    if normalize is None and not pooled:
        artifact.assumed.append(
            "embedding.normalize: false, for neither modelyard.json nor modules.json says"
        )
    return EmbeddingSettings(
        output=output.name,
        pooled=pooled,
        pooling=pooling or (Pooling.MEAN,),
        normalize=bool(normalize),
        lower=files.lower,
        prompts=files.prompts,
        default_prompt=files.default_prompt,
    )


def _output(artifact: Artifact, section: EmbeddingSection, outputs: Sequence[TensorSpec]) -> TensorSpec:
    by_name = {spec.name: spec for spec in outputs}
    if section.output is not None and section.output not in by_name:
        raise not_a_model(
            f"{artifact.model_file}: modelyard.json names the output {section.output!r} in embedding.output; "
            f"the model has {sorted(by_name)}"
        )
    usual = [by_name[name] for name in (*_POOLED, *_TOKENS) if name in by_name]
    tokens = [spec for spec in outputs if len(spec.shape) == 3]
    chosen = by_name[section.output] if section.output else next(iter((*usual, *tokens, *outputs)))
    if len(chosen.shape) not in {2, 3} or chosen.dtype.kind != "f":
        raise not_a_model(
            f"{artifact.model_file}: the model is no text-embedding model: its output {chosen.name!r} is "
            f"{chosen.dtype.name} of {len(chosen.shape)} dimensions; vectors of tokens have the shape "
            "[batch, tokens, width], vectors of texts [batch, width]"
        )
    return chosen

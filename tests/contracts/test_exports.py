"""The names that each room exports: what leaves or joins them is a decision, not an accident."""

from importlib import import_module

import pytest

EXPORTS = {
    "cells": "GRUCell SimpleRNNCell SimplifiedGRUCell",
    "layers": (
        "Attention CELLS CRF CharacterEncoder Embedding GRU RareWordDropout SequencePooling "
        "SimpleRNN SimplifiedGRU TiedEmbedding WordDropout from_keras_gru from_torch_gru "
        "recurrent_layer to_keras_gru to_torch_gru"
    ),
    "text": (
        "PADDING_ID Pieces SubwordTokenizer TextOptions TokenCounts TokenFeatures TokenOptions "
        "Tokenizer UNKNOWN_ID sentence_lengths suiting_units utf8"
    ),
    "data": (
        "ColumnOptions EncodedCorpus EntityColumnOptions EntityExample EntityExamples Example "
        "Label LabelCounter LabelEncoder LabelRule LengthBatches Record Source Span Survey "
        "PairColumnOptions PairCorpus PairExample PairExamples PairSurvey TaggedCorpus "
        "TaggedSentence TextExamples align cooccurrence_vectors encode encode_pairs encode_tagged "
        "open_entities open_pairs open_source read_vectors source_texts spans_of split_indices "
        "survey survey_pairs tags_of StreamBatches StreamColumnOptions StreamCorpus TextStream "
        "encode_stream open_stream parted size_of whole_texts word_vectors TextBatches "
        "conditioned_examples conditioned_prompts open_conditioned"
    ),
    "models": (
        "Carried EncoderDecoder ManyToMany ManyToOne OneToMany OneToOne OutputLayer TextModel "
        "load_text_model"
    ),
    "training": (
        "CHECKPOINT TrainingOptions checkpoint_place discard_checkpoint fit make_optimizer "
        "set_threads"
    ),
    "evaluation": (
        "BootstrapOptions Difference LengthRow Metric NOTHING Statistics Tagged bleu_by_length "
        "calibration_error check_classes classification_metrics classification_statistics "
        "compare comparison_table draw_attention draw_bleu_by_length draw_confusion "
        "entity_fingerprint entity_metrics entity_statistics marked_page metrics_table "
        "multilabel_metrics multilabel_statistics number_metrics number_statistics over_seeds "
        "paired_bootstrap report_table save_picture translation_metrics translation_statistics "
        "worst_entities worst_errors write_report write_translations"
    ),
    "diagnostics": (
        "Flow draw_activations draw_flows draw_norms draw_shares gradient_flows gradient_norms "
        "recurrent_layers write_flows"
    ),
    "export": (
        "CARD_FILE Card Servable VerifyResult check_onnx newest_version of_python "
        "read_description read_golden stored verify version_folder write_card write_golden "
        "write_onnx write_saved_model"
    ),
    "tasks": (
        "EntityTagger EntityTaggerOptions LanguageModel LanguageModelOptions TextClassifier "
        "TextClassifierOptions Translator TranslatorOptions"
    ),
}


@pytest.mark.parametrize("room", EXPORTS)
def test_a_room_exports_these_names(room: str) -> None:
    module = import_module(f"toolkit.{room}")
    assert sorted(module.__all__) == sorted(EXPORTS[room].split())
    for name in module.__all__:
        assert getattr(module, name) is not None

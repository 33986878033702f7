"""The names that each package exports: what leaves or joins them is a decision, not an accident."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

from toolkit import tasks

EXPORTS = {
    "cells": "GRUCell LSTMCell MinGRUCell SimpleRNNCell SimplifiedGRUCell",
    "layers": (
        "Attention CELLS CRF CharacterEncoder Embedding GRU LSTM MinGRU RareWordDropout "
        "SequencePooling SimpleRNN SimplifiedGRU TiedEmbedding WordDropout from_keras_gru "
        "from_keras_lstm from_torch_gru from_torch_lstm recurrent_layer to_keras_gru "
        "to_keras_lstm to_torch_gru to_torch_lstm"
    ),
    "text": (
        "Nucleotides PADDING_ID Pieces SubwordTokenizer TextOptions TokenCounts TokenFeatures "
        "TokenOptions "
        "Tokenizer UNKNOWN_ID sentence_lengths choose_token_level utf8"
    ),
    "data": (
        "ColumnOptions PackedCorpus PackedSequences EntityColumnOptions EntityExample "
        "EntityExamples Example "
        "Label LabelCounter LabelEncoder LabelRule LengthBatches Record Source Span Scan "
        "PairColumnOptions PairCorpus PairExample PairExamples PairScan TaggedCorpus "
        "TaggedSentence TextExamples align cooccurrence_vectors encode encode_pairs encode_tagged "
        "TableFormat table_format "
        "open_entities open_pairs open_source read_vectors source_texts spans_of split_indices "
        "scan scan_pairs tags_of StreamBatches StreamColumnOptions StreamCorpus TextStream "
        "encode_stream open_stream parted size_of whole_texts word_vectors TextBatches "
        "conditioned_examples conditioned_prompts open_conditioned prompts Unreadable "
        "answer_readable plain_texts SeriesExample SeriesExamples SeriesOptions encode_series "
        "open_series StrandColumnOptions StrandExamples open_strands FrameFormat VideoExamples "
        "open_videos MusicDataOptions MusicExample "
        "MusicExamples RollBatches RollCorpus encode_music open_music "
        "AudioExample AudioExamples AudioOptions open_audio"
    ),
    "tagging": (
        "OUTSIDE SCHEMES Span TagError align bioes_spans bioes_tags find_scheme spans_of "
        "split_tags tags_of to_bioes to_iob2"
    ),
    "models": (
        "SpeechToMany "
        "EncoderDecoder ManyToMany ManyToOne MusicNetwork OneToMany OneToOne OutputLayer "
        "SequenceModel "
        "StrandToMany StrandToOne TruncatedBPTT load_sequence_model"
    ),
    "training": (
        "CHECKPOINT TrainingOptions checkpoint_place discard_checkpoint fit make_optimizer "
        "set_threads"
    ),
    "evaluation": (
        "BootstrapOptions Difference HeardRecording LengthRow Metric MovingSkeleton NOTHING "
        "PlottedSeries Statistics Tagged bleu_by_length "
        "bleu_is_telling calibration_error channel_page check_classes classification_metrics "
        "classification_statistics "
        "compare comparison_table edits speech_metrics speech_statistics "
        "draw_attention draw_bleu_by_length draw_confusion draw_history draw_spikes "
        "entity_fingerprint entity_metrics entity_statistics explanation_page marked_page "
        "metrics_table "
        "metrics_within "
        "multilabel_metrics multilabel_statistics number_metrics number_statistics over_seeds "
        "paired_bootstrap report_table resolve_tokenizer save_picture skeleton_page "
        "skeleton_stills translation_metrics ShownVideo video_page "
        "ClassifiedStrand MarkedStrand Stretch classified_strand_page drawn_stretches "
        "marked_strand_page "
        "translation_statistics "
        "worst_entities worst_errors write_report write_translations"
    ),
    "diagnostics": (
        "Flow draw_activations draw_flows draw_norms draw_shares gradient_flows gradient_norms "
        "recurrent_layers write_flows"
    ),
    "explanation": (
        "TOLERANCE explained_row integrated_gradients iob2_tags left_out_row "
        "likeliest_unless log_tags path_of_state reads_forward row_by_row"
    ),
    "export": (
        "ARCHIVE CARD_FILE Card Core RUNTIMES Servable VerifyResult add_assets array_of "
        "check_length check_runtime description_path first_alone in_float32 is_exported "
        "newest_version of_python read_asset read_description read_golden read_yaml "
        "stored upgrade_description verify version_folder write_card write_core "
        "write_golden write_saved_model"
    ),
    "report": "REPORT_FILE REPORT_MARK check_report_place",
    "serving": "ServedRun ServingOptions serve served_runs",
    "inspection": (
        "EntityReading Reading Repeats Warnings find_duplicates find_repeats find_unknown"
    ),
}


@pytest.mark.parametrize("package", EXPORTS)
def test_a_package_exports_these_names(package: str) -> None:
    module = import_module(f"toolkit.{package}")
    assert sorted(module.__all__) == sorted(EXPORTS[package].split())
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_the_tasks_export_themselves_and_their_options() -> None:
    names = (
        "EntityTagger EntityTaggerOptions LanguageModel LanguageModelOptions TextClassifier "
        "TextClassifierOptions Translator TranslatorOptions"
    )
    assert set(names.split()) <= set(tasks.__all__)
    for name in tasks.__all__:
        assert getattr(tasks, name).__module__.startswith("toolkit.tasks.")
    with pytest.raises(AttributeError, match=r"toolkit\.tasks.* has no attribute 'nothing'"):
        _ = tasks.nothing


def test_a_new_task_is_exported_without_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "waves"
    package.mkdir()
    (package / "__init__.py").write_text('EXPORTS = {"WaveClassifier": "task"}')
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    homes = tasks._homes()
    del sys.modules["toolkit.tasks.waves"]
    assert homes == tasks._HOMES | {"WaveClassifier": "toolkit.tasks.waves.task"}

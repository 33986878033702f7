"""Quality of models: accuracy, BLEU, gradients, baselines."""

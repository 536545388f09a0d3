#!/bin/sh
#SBATCH --array=1-16 --requeue
#
# One part of an experiment, as a task of a Slurm job array. A task that is requeued
# resumes its part. Run, and then gather the parts:
#   sbatch pipelines/slurm.sh setting.yaml inputs.jsonl parts
#   fl-collect -qr -c setting.yaml --inputs inputs.jsonl --runs 50 \
#       experiments/all parts/*/*.jsonl
part=$SLURM_ARRAY_TASK_ID
mkdir -p "$3/$part" && exec fl-run -c "$1" --failed-ok --attempts "$3/$part" \
	--shard "$part/$SLURM_ARRAY_TASK_COUNT" "$2"

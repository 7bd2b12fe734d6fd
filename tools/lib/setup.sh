# shellcheck shell=bash
# Set-up shared by the commands in tools/. Source it from bash, then call `set_up`.
#
# It makes a fresh Debian machine with Python ready: the Debian packages (as root; otherwise it
# prints the line to run and goes on without them), the virtual environment `.venv`, and in it this
# package with its test tools. A second run finds everything in place and takes no time.

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
venv=$repo/.venv

# The wheels of iree-base-compiler and tosa-converter-for-tflite exist for these.
oldest_python=3.10
newest_python=3.13

say() { printf '%s\n' "$*" >&2; }

# --- Debian packages -----------------------------------------------------------------------------

# Packages for building and running the generated C, on the host and on emulated cores. The C
# libraries are only recommended by their compilers, hence named here.
program_packages=(
  gcc g++ libc6-dev
  gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm
  gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf qemu-system-misc
)
# An independent EmitC printer, which one test compares with; older Debian releases lack it.
oracle_packages=(mlir-22-tools)
# A browser, in which the tests open report.html.
browser_packages=(chromium)

# Whether what the package brings is there already, from wherever it came.
is_present() {
  case $1 in
    gcc | g++) command -v "$1" ;;
    libc6-dev) echo '#include <stdio.h>' | gcc -E - ;;
    gcc-arm-none-eabi) command -v arm-none-eabi-gcc ;;
    libnewlib-arm-none-eabi) [[ $(arm-none-eabi-gcc -print-file-name=librdimon.a) == /* ]] ;;
    qemu-system-arm) command -v qemu-system-arm ;;
    gcc-riscv64-unknown-elf) command -v riscv64-unknown-elf-gcc ;;
    picolibc-riscv64-unknown-elf)
      [[ $(riscv64-unknown-elf-gcc -print-file-name=picolibc.specs) == /* ]] ;;
    qemu-system-misc) command -v qemu-system-riscv32 ;;
    chromium) command -v chromium || command -v chromium-browser ;;
    mlir-22-tools) command -v mlir-translate-22 ;;
    *) dpkg-query --show "$1" ;;
  esac >/dev/null 2>&1
}

# Those of the given packages that are not present, one per line.
missing_of() {
  local package
  for package in "$@"; do is_present "$package" || echo "$package"; done
}

can_install() { [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; }

apt_install() {
  say "Installing Debian packages: $*"
  apt-get update -qq >&2 || say "apt-get update failed; trying with the package lists at hand."
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# Install what is missing of the given packages. Fails where something stays missing.
ensure_packages() {
  local missing
  mapfile -t missing < <(missing_of "$@")
  [[ ${#missing[@]} == 0 ]] && return
  if can_install; then
    apt_install "${missing[@]}"
    return
  fi
  say "Not installed: ${missing[*]}. To install:"
  say "  sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
  return 1
}

# Like ensure_packages for what the tests can do without (they then say what they skip). Asked of
# apt once per environment, so that a release without the package does not pay for it every time.
offer_packages() {
  local asked=$venv/asked-for-$1
  if [[ -e $asked ]] || ! can_install; then return; fi
  ensure_packages "$@" || say "Not available here: $*. Going on without."
  touch "$asked"
}

# --- Python --------------------------------------------------------------------------------------

is_usable_python() {
  "$1" - "$oldest_python" "$newest_python" 2>/dev/null <<'PYTHON'
import sys
oldest, newest = (tuple(map(int, text.split("."))) for text in sys.argv[1:])
sys.exit(not oldest <= sys.version_info[:2] <= newest)
PYTHON
}

# Print the interpreter to build on: $PYTHON, else the system's, else any of a suitable version.
find_python() {
  # Not the environment's own, where it is activated: it cannot be remade from itself.
  local candidate PATH=${PATH//"$venv/bin:"/}
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python3.10; do
    command -v "$candidate" >/dev/null && is_usable_python "$candidate" && command -v "$candidate" && return
  done
  say "No Python from $oldest_python to $newest_python found. Install one, or name it: PYTHON=/path/to/python $0"
  return 1
}

# What the environment was made from; another interpreter, place or set of packages remakes it.
environment_stamp() {
  "$1" -VV
  echo "$repo"
  sha256sum <"$repo/pyproject.toml"
}

ensure_environment() {
  local python version
  python=$(find_python) || return
  if [[ $(environment_stamp "$python") == "$(cat "$venv/set-up-from" 2>/dev/null)" ]]; then return; fi

  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian keeps these two modules of the standard library in a package of their own.
    ensure_packages "python$version-venv" || return
  fi
  say "Creating .venv with Python $version and installing the package; this takes a minute or two ..."
  "$python" -m venv --clear "$venv" || return
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --editable "$repo[test]" >&2 || return
  environment_stamp "$python" >"$venv/set-up-from"
}

# --- All of it -----------------------------------------------------------------------------------

# Make the machine ready. Missing compilers and emulators are reported, not fatal: what needs them
# falls back to the host compiler or says that it was skipped.
set_up() {
  ensure_packages "${program_packages[@]}" || say "Going on with what is there."
  if ! ensure_environment; then
    say "The Python environment could not be set up; see the messages above."
    exit 1
  fi
  export PATH=$venv/bin:$PATH
}

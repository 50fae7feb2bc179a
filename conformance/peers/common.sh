# For the peers beside this file. Sets root, the folder of the repository, and bin, where its executables are (A2A_BIN, or the
# debug build).
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
bin="${A2A_BIN:-$root/.build/debug}"
# The extension that the peer reference-strict requires.
strict_extension=https://swift-a2a.github.io/extensions/required/v1
# What our own peers are made with.
say_sdk() { echo "SDK language=swift name=swift-a2a version=$("$bin/a2a-agent" --version)"; }

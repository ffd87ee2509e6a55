#include "runner/tools/completion/completion.h"

namespace lafs {

namespace {

// Both shells ask the program that is being typed, which knows recipes and plugins. A key of --set ends with "=" and must not be followed
// by a space.
constexpr const char* bash_script = R"SH(_lafs() {
  local IFS=$'\n'
  COMPREPLY=($("${1/#\~/$HOME}" complete "$COMP_CWORD" "${COMP_WORDS[@]}" 2>/dev/null))
  [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
complete -o default -F _lafs lafs
)SH";
constexpr const char* zsh_script = R"SH(#compdef lafs
_lafs() {
  local -a found
  found=(${(f)"$(${~words[1]} complete $((CURRENT - 1)) "${words[@]}" 2>/dev/null)"})
  if ((${#found} == 0)); then
    _files
  elif [[ ${found[1]} == *= ]]; then
    compadd -S '' -- $found
  else
    compadd -- $found
  fi
}
compdef _lafs lafs
)SH";

}  // namespace

const char* completion_script(const std::string& shell) { return shell == "bash" ? bash_script : zsh_script; }

}  // namespace lafs

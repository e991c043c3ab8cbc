/** What a shell runs to complete a word: it asks `xdpol complete`, which answers a candidate a line. */

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The last line of an answer where the shell adds files. */
export const FILES_LINE = ':files';

const BASH = `# Completion of xdpol and ipsecpol for bash.
_xdpol() {
    local cur words cword IFS=$'\\n' line
    COMPREPLY=()
    _get_comp_words_by_ref -n : cur words cword 2>/dev/null || {
        cur=\${COMP_WORDS[COMP_CWORD]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
    }
    for line in $(xdpol complete "\${1##*/}" -- "\${words[@]:1:cword-1}" "$cur" 2>/dev/null); do
        if [[ $line == ${FILES_LINE} ]]; then
            compopt -o filenames
            COMPREPLY+=($(compgen -f -- "$cur"))
        else
            COMPREPLY+=("$(printf '%q' "$line")")
        fi
    done
    [[ $(type -t __ltrim_colon_completions) == function ]] && __ltrim_colon_completions "$cur"
    return 0
}
complete -F _xdpol xdpol ipsecpol
`;

const ZSH = `#compdef xdpol ipsecpol
# Completion of xdpol and ipsecpol for zsh.
_xdpol() {
    local -a answer
    answer=("\${(@f)$(xdpol complete "\${words[1]:t}" -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)words[CURRENT]}" 2>/dev/null)}")
    if [[ \${answer[-1]} == ${FILES_LINE} ]]; then
        answer=("\${(@)answer[1,-2]}")
        _files
    fi
    (( \${#answer} )) && compadd -- "\${(@)answer:#}"
}
_xdpol "$@"
`;

const FISH = `# Completion of xdpol and ipsecpol for fish.
function __xdpol_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l answer (xdpol complete (basename $words[1]) -- $words[2..-1] 2>/dev/null)
    for line in $answer
        if test "$line" = ${FILES_LINE}
            __fish_complete_path (commandline -ct)
        else
            printf '%s\\n' $line
        end
    end
end
complete -c xdpol -f -a '(__xdpol_complete)'
complete -c ipsecpol -f -a '(__xdpol_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

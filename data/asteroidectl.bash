# SPDX-License-Identifier: GPL-3.0-or-later
# Bash completion. Commands and options are asked of the program's own help, so that there is no second list of them.

_asteroidectl()
{
    local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local command="" action="" config=() choices="" number

    COMPREPLY=()
    if [[ $previous =~ ^--(config|root|output)$ ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    fi
    if [[ $previous == --session ]]; then
        mapfile -t COMPREPLY < <(compgen -W "x11 cage" -- "$current")
        return
    fi
    for ((number = 1; number < COMP_CWORD; number++)); do
        case ${COMP_WORDS[number]} in
            --config) config=(--config "${COMP_WORDS[++number]}") ;;
            --root|--session|--appliance|--output) ((++number)) ;;
            -*) ;;
            *) [[ ! $command ]] || action=${action:-${COMP_WORDS[number]}}
               command=${command:-${COMP_WORDS[number]}} ;;
        esac
    done
    if [[ $current == -* ]]; then
        choices=$(LC_ALL=C "$program" $command --help 2>/dev/null | sed -n 's/^  \(--[a-z-]\+\).*/\1/p')
        [[ $command ]] || choices="--config --help --version"
    elif [[ $previous == --appliance ]]; then
        choices=$("$program" "${config[@]}" list 2>/dev/null | cut -d ' ' -f 1)
    elif [[ ! $command ]]; then
        choices=$(LC_ALL=C "$program" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]\+\).*/\1/p')
    elif [[ $command == station ]]; then
        choices="enable disable check"
    elif [[ $command =~ ^(give|take)$ ]]; then
        choices=$("$program" "${config[@]}" devices 2>/dev/null | cut -f 1)
    elif [[ $command == usb && ! $action ]]; then
        choices="list explain"
    elif [[ $command == usb && $action == explain ]]; then
        choices=$("$program" usb list 2>/dev/null | cut -d ' ' -f 1)
    elif [[ $command =~ ^(show|check|start|reset|warm)$ ]]; then
        choices=$("$program" "${config[@]}" list 2>/dev/null | cut -d ' ' -f 1)
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
    [[ $command != check ]] || mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
}

complete -o filenames -F _asteroidectl asteroidectl

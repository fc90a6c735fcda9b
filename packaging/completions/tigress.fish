# SPDX-License-Identifier: Apache-2.0
# fish completion for tigress(1). Commands, options and transfers come from the program itself.
function __tigress_commands
    command tigress help 2>/dev/null | string replace -rf '^  ([a-z]+) +(.*)$' '$1\t$2'
end

function __tigress_options
    set -l words (commandline -opc)
    command tigress help $words[2] 2>/dev/null | string replace -rf '^  (--[a-z0-9-]+)( [A-Z]\S*)* +(.*)$' '$1\t$3'
end

function __tigress_transfers
    command tigress status 2>/dev/null | tail -n +2 | string replace -r '^(\S+) +(.*)$' '$1\t$2'
end

function __tigress_is_first
    test (count (commandline -opc)) -eq 1
end

function __tigress_takes_transfer
    set -l words (commandline -opc)
    test (count $words) -ge 2; or return 1
    contains -- $words[-1] --resume; and return 0
    contains -- $words[2] receive watch compare finish status pin cancel relinquish forget; and return 0
    test $words[2] = answer -a (count $words) -eq 2
end

complete -c tigress -f
complete -c tigress -n __tigress_is_first -a '(__tigress_commands)'
complete -c tigress -n 'not __tigress_is_first; and string match -q -- "-*" (commandline -ct)' -a '(__tigress_options)'
complete -c tigress -n __tigress_takes_transfer -a '(__tigress_transfers)'
complete -c tigress -n '__fish_seen_subcommand_from share answer; and not __tigress_takes_transfer' -F
complete -c tigress -n '__fish_seen_subcommand_from help' -a '(__tigress_commands)'
complete -c tigress -n '__fish_seen_subcommand_from relays' -a 'list add remove'

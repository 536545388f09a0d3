# Completion of fluxloop and its filters for fish: source this file, or install it
# in vendor_completions.d, with a link for each filter. What there is to complete
# is asked from fluxloop.

function __fluxloop_words
    set -l words (commandline -opc) (commandline -ct)
    set -l program (string replace -r '[^/]*$' fluxloop -- $words[1])
    set -l prefix ''
    if string match -qr '^--[^=]+=' -- $words[-1]
        set -l parts (string split -m 1 = -- $words[-1])
        set prefix $parts[1]=
        set words $words[1..-2] $parts
    end
    for line in ($program --complete $words 2>/dev/null)
        set -l fields (string split \t -- $line)
        if test -n "$fields[1]"
            printf '%s\t%s\n' $prefix$fields[1] "$fields[2]"
            continue
        end
        switch $fields[2]
            case path
                printf '%s\n' $prefix$fields[3]
            case folders
                printf '%s\n' $prefix(__fish_complete_directories $words[-1] '')
            case files
                printf '%s\n' $prefix(__fish_complete_path $words[-1])
        end
    end
end

for program in fluxloop @PROGRAMS@
    complete -c $program -f -a '(__fluxloop_words)'
end

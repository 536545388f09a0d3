# Types a line into an interactive zsh, completes its end once, and writes what it
# is then: zsh -f completion.zsh FOLDER LINE FILE, where FOLDER has _fluxloop.
zmodload zsh/zpty
zpty terminal zsh -f -i
# the widget writes the line when it is completed
zpty -w terminal "fpath=(${(q)1} \$fpath); autoload -Uz compinit; compinit -u -D
done-with() { zle complete-word; print -r -- \"\$BUFFER\" >${(q)3}.new; mv ${(q)3}.new ${(q)3} }
zle -N done-with; bindkey '^T' done-with; unsetopt prompt_cr; print READY-\$((1 + 1))"
rm -f $3
zpty -r -m terminal seen '*READY-2*'
zpty -w -n terminal "$2"$'\C-t'
for (( i = 0; i < 1200; i++ )); do
	[[ ! -e $3 ]] || break
	zpty -r -t terminal seen
	sleep 0.05
done
zpty -d terminal
[[ -e $3 ]]

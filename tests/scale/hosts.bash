# An experiment on hosts behind ssh. One dies; one loses its network, and still runs
# its parts when others have resumed them. For check-scale.sh.
# shellcheck shell=bash disable=SC2154 # variables of check-scale.sh

ssh_conf()
{
	mkdir -m 755 ssh /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f ssh/host
	ssh-keygen -q -t ed25519 -N '' -f ssh/user
	cat >ssh/sshd_config <<-END
	HostKey $work/ssh/host
	AuthorizedKeysFile $work/ssh/user.pub
	StrictModes no
	PidFile none
	SetEnv PATH=$PATH
	END
	cat >ssh/config <<-END
	IdentityFile $work/ssh/user
	UserKnownHostsFile /dev/null
	StrictHostKeyChecking no
	LogLevel ERROR
	# so that the loss of a host is noticed
	ConnectTimeout 3
	ServerAliveInterval 1
	ServerAliveCountMax 2
	END
}

in_own_network()
{
	[ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

answers()
{
	ssh -F ssh/config "$1" true 2>/dev/null
}

# ssh_host N: starts host hN at 10.77.N.2, on a virtual cable.
ssh_host()
{
	unshare --net --pid --uts --mount --fork --mount-proc --kill-child sh -c '
		hostname "h$1"
		until ip link show "e$1" >/dev/null 2>&1; do sleep 0.1; done
		ip link set lo up
		ip address add "10.77.$1.2/24" dev "e$1"
		ip link set "e$1" up
		exec /usr/sbin/sshd -D -e -f ssh/sshd_config' sh "$1" \
		>"ssh/h$1.log" 2>&1 &
	hosts[$1]=$!
	wait_for 20 in_own_network "${hosts[$1]}"
	ip link add "v$1" type veth peer name "e$1" netns "${hosts[$1]}"
	ip address add "10.77.$1.1/24" dev "v$1"
	ip link set "v$1" up
	wait_for 20 answers "10.77.$1.2"
}

# taken_over PARTS HOST: succeeds if another host works on a part of HOST.
taken_over()
{
	local folder

	for folder in "$1"/*/; do
		if compgen -G "$folder$2.*" >/dev/null &&
			find "$folder" -name '*.jsonl' ! -name "$2.*" -size +0 |
			grep -q .; then
			return 0
		fi
	done
	return 1
}

# unplug N: cuts the cable of host hN, which continues to work.
unplug()
{
	local runners

	ip link set "v$1" down
	mapfile -t runners < <(pgrep --ns "${hosts[$1]}" --nslist net -x fl-run)
	kill -STOP "${runners[@]}"
	wait_for 60 taken_over everything.parts "h$1"
	kill -CONT "${runners[@]}"
}

on_hosts()
{
	local -A hosts=()
	local pid twice

	ssh_conf
	for i in 1 2 3; do
		ssh_host "$i"
	done
	SSHLOGIN=2/10.77.1.2,2/10.77.2.2,2/10.77.3.2 PARALLEL_SSH="ssh -F $work/ssh/config" \
		"$tree/pipelines/parallel.sh" setting.yaml inputs.jsonl everything \
		2>ssh/parallel.log &
	pid=$!
	wait_for 60 begun everything.parts h2
	pull_plug "${hosts[2]}"
	wait_for 60 begun everything.parts h3
	unplug 3
	wait "$pid" || fail "parallel.sh: $(cat ssh/parallel.log)"
	twice=$(grep -oh '"run_id":"[^"]*"' everything.parts/*/*.jsonl | sort | uniq -d |
		wc -l)
	[ "$twice" -gt 0 ] || fail 'no run was made by two hosts'
	exactly_once everything
	echo "ssh, h2 killed and h3 unplugged: $RUNS runs, each once;" \
		"$(tried_again everything.parts) parts begun again, $twice runs made twice"
}

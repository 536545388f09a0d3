# An experiment on Slurm, of which a node dies. For check-scale.sh.
# shellcheck shell=bash disable=SC2154 # variables of check-scale.sh

# slurm_conf: four nodes on this machine, each a slurmd.
slurm_conf()
{
	mkdir -p slurm
	cat >slurm/slurm.conf <<-END
	ClusterName=trial
	SlurmctldHost=controller(127.0.0.1)
	SlurmUser=root
	SlurmdUser=root
	AuthType=auth/munge
	# a job whose node died waits for cred_expire
	AuthInfo=socket=$work/slurm/munge.socket,cred_expire=5
	StateSaveLocation=$work/slurm/state
	SlurmdSpoolDir=$work/slurm/spool.%n
	SlurmctldPidFile=$work/slurm/slurmctld.pid
	SlurmdPidFile=$work/slurm/slurmd.%n.pid
	ProctrackType=proctrack/pgid
	TaskPlugin=task/none
	JobAcctGatherType=jobacct_gather/none
	AccountingStorageType=accounting_storage/none
	SwitchType=switch/none
	MpiDefault=none
	SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0
	SelectType=select/cons_tres
	SelectTypeParameters=CR_CPU
	SlurmdParameters=config_overrides
	MessageTimeout=5
	SlurmdTimeout=6
	NodeName=n[1-4] NodeHostname=controller NodeAddr=127.0.0.1 Port=[17001-17004] CPUs=2
	PartitionName=all Nodes=n[1-4] Default=YES MaxTime=INFINITE State=UP
	END
	if [ -d /sys/fs/cgroup/freezer ]; then
		printf '%s\n' CgroupPlugin=cgroup/v1 CgroupMountpoint=/sys/fs/cgroup
	else
		echo CgroupPlugin=disabled
	fi >slurm/cgroup.conf
	export SLURM_CONF=$work/slurm/slurm.conf
}

# slurm_node NAME: starts the node, with processes and a name of its own.
slurm_node()
{
	mkdir -p "slurm/spool.$1"
	unshare --pid --uts --mount --fork --mount-proc --kill-child sh -c \
		'hostname "$1" && exec slurmd -D -N "$1"' sh "$1" \
		>"slurm/$1.log" 2>&1 &
	nodes[$1]=$!
}

all_idle()
{
	[ "$(sinfo -h -N -t idle 2>/dev/null | wc -l)" -eq 4 ]
}

queue_empty()
{
	[ "$(squeue -h 2>/dev/null || echo unknown)" = '' ]
}

# slurm_up: starts the cluster; the pids are in the array nodes, by name.
slurm_up()
{
	slurm_conf
	mkdir -m 755 slurm/state
	dd if=/dev/urandom of=slurm/munge.key bs=1024 count=1 status=none
	chmod 400 slurm/munge.key
	munged --foreground --force --key-file="$work/slurm/munge.key" \
		--socket="$work/slurm/munge.socket" --pid-file="$work/slurm/munged.pid" \
		--seed-file="$work/slurm/munged.seed" >slurm/munged.log 2>&1 &
	wait_for 20 test -S slurm/munge.socket
	slurmctld -D >slurm/slurmctld.log 2>&1 &
	for node in n1 n2 n3 n4; do
		slurm_node "$node"
	done
	wait_for 60 all_idle
}

on_slurm()
{
	local -A nodes=()

	slurm_up
	sbatch -Q "$tree/pipelines/slurm.sh" setting.yaml inputs.jsonl parts
	wait_for 60 begun parts n2
	pull_plug "${nodes[n2]}"
	wait_for 180 queue_empty
	fl-collect -qr -c setting.yaml --inputs inputs.jsonl --runs "$RUNS" \
		all parts/*/*.jsonl
	[ "$(tried_again parts)" -gt 0 ] || fail 'no part was begun again'
	exactly_once all
	echo "Slurm, node n2 killed: $RUNS runs, each once; $(tried_again parts) parts begun again"
}

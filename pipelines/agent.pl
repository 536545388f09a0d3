#!/usr/bin/env perl
# An agent in Perl: reports a step, and answers with its input. Run it by
#   fl-run --command pipelines/agent.pl inputs.jsonl
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
$| = 1;    # fl-run waits for each message
sub say_message { print $json->encode({@_}), "\n" }

say_message(type => "hello", protocol => 1, pipeline => 16);
while (my $line = <STDIN>) {
	my $request = $json->decode($line);
	my ($input, @about) = ($request->{input}, id => $request->{id});
	say_message(type => "start", @about);
	if (!defined $input || ref $input || $json->encode([$input]) !~ /^\["/) {
		say_message(type => "error", @about, error => "expected text", code => "input");
		next;
	}
	my $step = {type => "tool", name => "answer", input => $input, output => "you said $input"};
	say_message(type => "observation", @about, observation => $step);
	say_message(type => "final", @about, output => $step->{output});
}

/** What `ipsecpol -?` prints. */
export const IPSECPOL_USAGE = `ipsecpol: packet-filter policies, by the command line of the Windows 2000 Resource Kit

  ipsecpol -w REG -p NAME -r RULE -f SPEC... -n PASS|BLOCK   add a rule, or replace it; the policy is made if missing
  ipsecpol -w REG -p NAME -x                                 assign the policy: in force at once, and at boot
  ipsecpol -w REG -p NAME -y                                 unassign it: nothing is filtered
  ipsecpol -w REG -p NAME -r RULE -o                         delete the rule
  ipsecpol -w REG -p NAME -o                                 delete the policy with its filter lists
  ipsecpol -r RULE -f SPEC... -n PASS|BLOCK                  add a dynamic rule, or replace it
  ipsecpol -r RULE -o                                        take it back
  ipsecpol -u                                                take every dynamic rule back
  ipsecpol show [all|policies|filters]                       what is stored, or in force, as commands
  ipsecpol -file FILE                                        carry out the commands of a file, one a line

A dynamic rule (no -w) is in force at once, beside the assigned policy if there is one, and gone when xdpol agent stops.

  -w REG            this host's store
  -p NAME[:POLL]    the policy; the interval has no effect
  -r RULE           the rule, and its filter list
  -f SPEC...        filters; -f can be given several times
  -n PASS|BLOCK     what happens to packets that match
  \\\\HOST            before everything else: taken where HOST is this host
  -x -y -o          assign, unassign, delete; -x filters the interfaces of the last assignment, else those that
                    /etc/xdpol/config.yaml names (interfaces: [eth0])
  -lan -dialup      limit the rule to a group of interfaces (interfaceGroups in /etc/xdpol/config.yaml)
  -confirm          ask before anything is changed
  -t -a -1s -1k -1p -soft   belong to negotiated security: taken, without effect
  -?                this text
  --json            print what was done, or is there, as JSON

SPEC is SOURCE[/MASK][:PORT] then = (one way) or + (mirrored) then DESTINATION[/MASK][:PORT][:PROTOCOL].
  *   any address        0   this host's own (also 0/255.255.255.255)        10.*.*.*   a subnet        (SPEC)   pass        [SPEC]   block
  Without a mask one host; without a port, or with port 0, any; protocols ICMP UDP RAW TCP SCTP or a number.
The values of -w, -f and -n are upper case only. Your shell may want * ( ) [ ] in quotes.

Examples:
  ipsecpol -w REG -p "Packet Filter" -r "Inbound web protocols" -f *+131.107.1.1:80:TCP -f *+131.107.1.1:443:TCP -n PASS
  ipsecpol -w REG -p "Packet Filter" -r "All inbound traffic" -f *+131.107.1.1 -n BLOCK
  ipsecpol -w REG -p "Packet Filter" -x
  ipsecpol -r "Port scan" -f 203.0.113.9+0 -n BLOCK
`;

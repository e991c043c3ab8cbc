/**
 * Every metric of ours: names and labels are a contract with dashboards and alert rules.
 * docs/metrics.md explains them, and a test holds the two together.
 */
export const METRICS = {
  xdpol_packets_total: {
    type: 'counter',
    labels: ['device', 'direction', 'verdict'],
    help: 'Packets seen, by what happened to them. Each packet counts once.',
  },
  xdpol_bytes_total: {
    type: 'counter',
    labels: ['device', 'direction', 'verdict'],
    help: 'Bytes of the frames seen, from the Ethernet header on, by what happened to them.',
  },
  xdpol_rule_packets_total: {
    type: 'counter',
    labels: ['device', 'direction', 'policy', 'rule', 'action'],
    help: 'Packets that a rule of the policy in force decided.',
  },
  xdpol_rule_bytes_total: {
    type: 'counter',
    labels: ['device', 'direction', 'policy', 'rule', 'action'],
    help: 'Bytes of the frames that a rule of the policy in force decided.',
  },
  xdpol_rule_last_match_timestamp_seconds: {
    type: 'gauge',
    labels: ['device', 'direction', 'policy', 'rule'],
    help: 'When a rule last decided a packet, Unix time. Absent until it has.',
  },
  xdpol_default_packets_total: {
    type: 'counter',
    labels: ['device', 'direction', 'policy', 'action'],
    help: 'Packets that no filter matched, decided by the default of the policy in force.',
  },
  xdpol_default_bytes_total: {
    type: 'counter',
    labels: ['device', 'direction', 'policy', 'action'],
    help: 'Bytes of the frames that no filter matched.',
  },
  xdpol_parse_packets_total: {
    type: 'counter',
    labels: ['device', 'direction', 'reason', 'verdict'],
    help: 'Packets that could not be read as far as their ports. Fragments have no verdict here: they count again where they were decided.',
  },
  xdpol_exempt_packets_total: {
    type: 'counter',
    labels: ['device', 'direction', 'exemption'],
    help: 'Packets that passed by an exemption.',
  },
  xdpol_policy_info: {
    type: 'gauge',
    labels: ['policy', 'hash', 'generation'],
    help: 'The policy in force. Always 1.',
  },
  xdpol_rule_info: {
    type: 'gauge',
    labels: ['policy', 'rule', 'action', 'filter_list', 'filters'],
    help: 'A rule of the policy in force, with the number of filters in its list. Always 1.',
  },
  xdpol_policy_applied_timestamp_seconds: {
    type: 'gauge',
    labels: [],
    help: 'When the policy in force was applied, Unix time.',
  },
  xdpol_policy_confirm_pending: {
    type: 'gauge',
    labels: [],
    help: '1 while the policy in force will be taken back unless it is confirmed.',
  },
  xdpol_applies_total: {
    type: 'counter',
    labels: [],
    help: 'Policies that were put in force by apply, assign or ipsecpol, since the store began.',
  },
  xdpol_apply_failures_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Policies that could not be put in force, by the code of the error or as policy where it has errors, since the store began.',
  },
  xdpol_rollbacks_total: {
    type: 'counter',
    labels: ['reason'],
    help: 'Returns to the policy before, because nobody confirmed in time or because somebody asked, since the store began.',
  },
  xdpol_attached: {
    type: 'gauge',
    labels: ['device', 'direction'],
    help: '1 where a filter is attached, 0 where one should be and is not.',
  },
  xdpol_attach_info: {
    type: 'gauge',
    labels: ['device', 'hook', 'mode', 'driver', 'program_tag'],
    help: 'How a filter is attached. Always 1.',
  },
  xdpol_table_bytes: {
    type: 'gauge',
    labels: ['table'],
    help: 'Memory of a lookup table of the policy in force, all interfaces together.',
  },
  xdpol_table_entries: {
    type: 'gauge',
    labels: ['table'],
    help: 'Entries of a lookup table of the policy in force, all interfaces together.',
  },
  xdpol_name_age_seconds: {
    type: 'gauge',
    labels: ['name'],
    help: 'Time since a DNS name of the policy in force was answered last. Absent where it never was.',
  },
  xdpol_name_failures_total: {
    type: 'counter',
    labels: ['name'],
    help: 'Questions for a DNS name of the policy in force that had no answer.',
  },
  xdpol_set_entries: {
    type: 'gauge',
    labels: ['set'],
    help: 'Members of a live set that have not ended.',
  },
  xdpol_set_capacity: {
    type: 'gauge',
    labels: ['set'],
    help: 'Members that a live set may have.',
  },
  xdpol_set_adds_total: {
    type: 'counter',
    labels: ['set'],
    help: 'Members that were added to a live set, since the store began.',
  },
  xdpol_set_expired_total: {
    type: 'counter',
    labels: ['set'],
    help: 'Members of a live set that have ended by themselves, since the store began.',
  },
  xdpol_set_refused_total: {
    type: 'counter',
    labels: ['set', 'reason'],
    help: 'Members that a live set did not take: it was full, they had a length that members do not have (length, wide), or the host needs the address (protected, own, gateway, resolver, session), or the policy leaves it out (excluded), since the store began.',
  },
  xdpol_feed_age_seconds: {
    type: 'gauge',
    labels: ['set'],
    help: 'Seconds since the members of a live set were what its feed has; not there before that was so once.',
  },
  xdpol_feed_failures_total: {
    type: 'counter',
    labels: ['set'],
    help: 'Times that the feed of a live set could not be read or was not taken, so that the members stayed, since the store began.',
  },
  xdpol_events_total: {
    type: 'counter',
    labels: [],
    help: 'Samples of packets that were taken for xdpol events, capture and report, all interfaces together.',
  },
  xdpol_events_lost_total: {
    type: 'counter',
    labels: [],
    help: 'Samples of packets that nobody could read, because more were taken than the ring of the interface has room for.',
  },
  xdpol_audit_packets_total: {
    type: 'counter',
    labels: ['device', 'direction', 'policy', 'change', 'rule'],
    help: 'Packets that the policy on trial would drop or pass, and the policy in force decided otherwise, by the rule on trial; rule is empty for the default.',
  },
  xdpol_fleet_desired_info: {
    type: 'gauge',
    labels: ['hash', 'group'],
    help: 'The order of the fleet that applies to this host: the hash of its policy, and whom it is for. Always 1.',
  },
  xdpol_fleet_in_sync: {
    type: 'gauge',
    labels: [],
    help: '1 where what is in force is what was ordered, else 0. Absent while there is no order.',
  },
  xdpol_fleet_last_contact_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Time since a front of the fleet was heard of last, or since the agent started where none was.',
  },
  xdpol_build_info: {
    type: 'gauge',
    labels: ['version', 'kernel', 'libbpf', 'node'],
    help: 'Versions of what runs here. Always 1.',
  },
  xdpol_scrape_duration_seconds: {
    type: 'gauge',
    labels: [],
    help: 'Time that reading the kernel took for this answer.',
  },
} as const;

export type MetricName = keyof typeof METRICS;
export type LabelsOf<Name extends MetricName> = Readonly<Record<(typeof METRICS)[Name]['labels'][number], string>>;

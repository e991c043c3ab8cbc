/** Rules, filter lists, filters and roles. */
export const RULE_CODES = {
  XP0301: {
    severity: 'error',
    title: 'Rule name used twice',
    explanation:
      'Packets are counted by rule name, so names are unique. A rule without a name has the name of its filter list.',
  },
  XP0302: {
    severity: 'error',
    title: 'Unknown filter list',
    explanation: 'A rule names a filter list that the policy does not have.',
  },
  XP0303: {
    severity: 'warning',
    title: 'Empty filter list',
    explanation: 'The list has no filter, so its rule matches no packet.',
  },
  XP0304: {
    severity: 'warning',
    title: 'Unused filter list',
    explanation: 'No rule names the list, so its filters decide nothing.',
  },
  XP0305: {
    severity: 'error',
    title: 'Action that negotiates security',
    explanation:
      'The original could negotiate security for a connection (INPASS and its negotiating actions). Here packets pass or are blocked.',
  },
  XP0306: {
    severity: 'warning',
    title: 'No rules',
    explanation: 'Without rules the default decides every packet.',
  },
  XP0307: {
    severity: 'error',
    title: 'Not one filter list',
    explanation: 'A rule has either filterList, the name of a list, or filters, a list of its own.',
  },
  XP0308: {
    severity: 'error',
    title: 'Rule without a name',
    explanation: 'A rule with filters of its own has no list to be named after.',
  },
  XP0309: {
    severity: 'error',
    title: 'Not an interface name',
    explanation: 'Interface names have 1 to 15 characters, without white space, slash or colon.',
  },
  XP0310: {
    severity: 'warning',
    title: 'The kerberos exemption',
    explanation:
      'The exemption passes every TCP and UDP packet from or to port 88: anyone who sends from port 88 reaches every port.',
  },
  XP0311: {
    severity: 'note',
    title: 'Neighbour discovery not exempt',
    explanation:
      'A list of exemptions replaces the default one. Without neighbour discovery IPv6 hosts cannot find each other unless rules permit ICMPv6 133-137.',
  },
  XP0312: {
    severity: 'error',
    title: 'Role file cannot be read',
    explanation:
      'The role file of an include is missing, cannot be read or is not UTF-8 text. Its path is relative to the file that includes it.',
  },
  XP0313: {
    severity: 'error',
    title: 'Roles without end',
    explanation: 'A role includes itself, directly or through others, or the roles include too many others.',
  },
  XP0314: {
    severity: 'error',
    title: 'Unknown parameter',
    explanation:
      'A value is given for a parameter that the role does not have, or the role uses one that it does not declare.',
  },
  XP0315: {
    severity: 'error',
    title: 'Parameter without a value',
    explanation: 'A parameter of a role has no default, so the include says its value.',
  },
  XP0316: {
    severity: 'error',
    title: 'Filter list given twice',
    explanation:
      'Two roles, or a role and the policy, have a filter list of the same name. A parameter in the name tells the lists of a role that is included twice apart.',
  },
  XP0317: {
    severity: 'error',
    title: 'List inside text',
    explanation: 'A parameter whose value is a list can only be a value of its own, not a part of a longer text.',
  },
  XP0318: {
    severity: 'error',
    title: 'Not a warning that can be accepted',
    explanation:
      'accept takes the code of a warning. Errors cannot be accepted, and notes need not be: --strict passes over them.',
  },
  XP0319: {
    severity: 'error',
    title: 'Unknown rule',
    explanation: 'accept or a test names a rule that the policy does not have.',
  },
  XP0320: {
    severity: 'error',
    title: 'Test of the policy fails',
    explanation:
      'Another verdict, or another rule, than the test expects. A policy whose tests fail is not put in force.',
  },
  XP0321: {
    severity: 'warning',
    title: 'Test of the policy not run',
    explanation: 'The test names me, which has no address of the packet’s family on this host.',
  },
} as const;

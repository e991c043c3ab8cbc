/** Filterspecs, and ipsecpol and netsh commands. */
export const FILTERSPEC_CODES = {
  XP0501: {
    severity: 'warning',
    title: 'Host bits masked',
    explanation: 'In a filterspec an address with bits outside its mask stands for the network, as in the original.',
  },
  XP0502: {
    severity: 'error',
    title: 'Not a filterspec',
    explanation:
      'A filterspec has a source and a destination with = (one way) or + (mirrored) between them: *+131.107.1.1:80:TCP.',
  },
  XP0503: {
    severity: 'error',
    title: 'Bracket not closed',
    explanation: '(spec) passes, [spec] blocks, and IPv6 addresses stand in brackets; one of them is not closed.',
  },
  XP0504: {
    severity: 'error',
    title: 'Text after the protocol',
    explanation: 'The protocol ends a filterspec.',
  },
  XP0506: {
    severity: 'error',
    title: 'Protocol at the source',
    explanation: 'A filterspec names its protocol once, after the destination.',
  },
  XP0507: {
    severity: 'error',
    title: 'IPv6 address without brackets',
    explanation:
      'In a filterspec colons separate address, port and protocol, so IPv6 addresses stand in brackets: *+[2001:db8::1]:80:TCP.',
  },
  XP0508: {
    severity: 'error',
    title: 'Address missing',
    explanation: "An end of the filterspec is empty. * is any address, 0 the host's own.",
  },
  XP0509: {
    severity: 'error',
    title: 'Action in a filterspec of a policy file',
    explanation: "(spec) and [spec] carry an action, which in a policy file is the rule's to say.",
  },
  XP0510: {
    severity: 'error',
    title: 'Port range in a filterspec',
    explanation: 'A filterspec takes one port at each end. The mapping form takes ranges and lists.',
  },
  XP0511: {
    severity: 'error',
    title: 'any or me in a filterspec',
    explanation: 'Words are DNS names in filterspecs: any is written *, me is written 0.',
  },
  XP0512: {
    severity: 'error',
    title: 'Address set in a filterspec',
    explanation: 'Address sets can be named in the mapping form only.',
  },
  XP0513: {
    severity: 'error',
    title: 'Several filterspecs in one item',
    explanation: 'In a policy file each filterspec is an item of its list.',
  },
  XP0514: {
    severity: 'error',
    title: 'Unknown option',
    explanation: 'The word starts with a dash, and ipsecpol has no such option.',
  },
  XP0515: {
    severity: 'error',
    title: 'Option without its value',
    explanation: 'The option needs a value, and another option or the end of the line follows it.',
  },
  XP0516: {
    severity: 'error',
    title: 'Word that belongs to no option',
    explanation: 'Options take one value; a value with spaces stands in straight double quotes. Only -f takes several.',
  },
  XP0517: {
    severity: 'error',
    title: 'Value not in upper case',
    explanation: 'The values of -w, -f and -n are upper case only, as in the original.',
  },
  XP0518: {
    severity: 'error',
    title: 'Unknown store',
    explanation: 'The only store is this host, which -w REG names. There is no directory service to write to.',
  },
  XP0519: {
    severity: 'error',
    title: 'Action that negotiates security',
    explanation:
      'The actions are PASS and BLOCK. INPASS and the security methods of the original are refused: nothing here negotiates security.',
  },
  XP0520: {
    severity: 'error',
    title: 'No ipsecpol command for it',
    explanation:
      'ipsecpol commands know permits and blocks with one address, mask and port at each end, mirrored or not. What else a policy says has no words there.',
  },
  XP0521: {
    severity: 'error',
    title: 'Option missing',
    explanation: 'The command needs another option as well.',
  },
  XP0522: {
    severity: 'error',
    title: 'Options that exclude each other',
    explanation: 'Two options of the command ask for opposite things.',
  },
  XP0523: {
    severity: 'error',
    title: 'Option of stored policies in dynamic mode',
    explanation:
      'Without -w a rule is dynamic: in force at once beside the assigned policy, in no stored one, gone when the agent stops. -p, -x and -y are about stored policies and need -w REG.',
  },
  XP0524: {
    severity: 'warning',
    title: 'Option without effect',
    explanation:
      'The option belongs to security negotiation or to polling a directory. It changes nothing for PASS and BLOCK.',
  },
  XP0525: {
    severity: 'error',
    title: 'Option given twice',
    explanation: 'Only -f can be given several times, and -r together with -o.',
  },
  XP0526: {
    severity: 'error',
    title: 'Unknown action',
    explanation: '-n takes PASS or BLOCK.',
  },
  XP0530: {
    severity: 'warning',
    title: 'Line of a script left out',
    explanation:
      'The line permits or blocks something, or may, and is not in the policy that is made from the script; the message says why. A rule that depends on it is left out as a whole.',
  },
  XP0531: {
    severity: 'note',
    title: 'Lines of a script skipped',
    explanation: 'Blank lines, comments and output have no effect on a policy.',
  },
  XP0532: {
    severity: 'error',
    title: 'No policy in the script',
    explanation: 'After the last line of the script there is no policy, or none of the wanted name.',
  },
  XP0533: {
    severity: 'warning',
    title: 'Several policies in the script',
    explanation: 'The assigned one is taken, else the first.',
  },
  XP0534: {
    severity: 'note',
    title: 'Line of a script without effect',
    explanation:
      'The line neither permits nor blocks anything, such as one that shows or deletes what is not there. The policy is the same without it.',
  },
  XP0535: {
    severity: 'warning',
    title: 'Word of a script ignored',
    explanation:
      'The word has no key, and is no value that a key could have. The rest of the line is taken. netsh itself would have refused the line.',
  },
  XP0536: {
    severity: 'warning',
    title: 'Rule of a script left out',
    explanation:
      'A line about the rule, its filter list or its filter action was left out, so that the rule would permit or block something else than the script wants.',
  },
  XP0537: {
    severity: 'error',
    title: 'Script not imported as a whole',
    explanation:
      'Something that permits or blocks was left out. A policy without it may lock you out or let in what the script blocks, so none is printed. With --partial the rest is.',
  },
  XP0538: {
    severity: 'warning',
    title: 'Rule of a script without effect',
    explanation: 'The rule is not active, or its filter list is empty, so that no packet matches it. It is left out.',
  },
  XP0539: {
    severity: 'warning',
    title: 'File is not UTF-8',
    explanation:
      'The file was read as Windows-1252, the code page of western Windows. Where it is of another one, names in it are garbled: convert the file and import it again.',
  },
} as const;

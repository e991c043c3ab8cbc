/** Text and structure of policy files. */
export const STRUCTURE_CODES = {
  XP0001: {
    severity: 'error',
    title: 'Not valid YAML',
    explanation:
      'The text cannot be read as YAML (JSON is YAML too). A filterspec that starts with * must be quoted, or YAML takes it for an alias.',
  },
  XP0002: {
    severity: 'error',
    title: 'Key given twice',
    explanation: 'A mapping has the same key twice. YAML would keep one of them silently.',
  },
  XP0003: {
    severity: 'error',
    title: 'More than one document',
    explanation: 'A policy file holds one policy; a line of three dashes starts a second document.',
  },
  XP0004: {
    severity: 'error',
    title: 'Nested too deep',
    explanation: 'The text nests deeper, or its aliases expand to more, than any policy needs.',
  },
  XP0005: {
    severity: 'error',
    title: 'Unknown key',
    explanation:
      'The mapping has a key that means nothing there. Unknown keys are refused, because a misspelt one would change what the policy means.',
  },
  XP0006: {
    severity: 'error',
    title: 'Wrong type',
    explanation: 'A value has another type than its key takes, such as a number where text belongs.',
  },
  XP0007: {
    severity: 'error',
    title: 'Missing key',
    explanation: 'A mapping lacks a key that it needs.',
  },
  XP0008: {
    severity: 'error',
    title: 'Unknown word',
    explanation: 'The value is not one of the few words that its key takes.',
  },
  XP0009: {
    severity: 'error',
    title: 'Empty list',
    explanation: 'The list needs at least one item. What is left out is any.',
  },
  XP0010: {
    severity: 'error',
    title: 'Unusable name',
    explanation:
      'A name is empty, too long, has white space at an end, or has a line break or control character in it.',
  },
  XP0011: {
    severity: 'error',
    title: 'No policy',
    explanation: 'The file is empty, or has nothing but comments.',
  },
  XP0012: {
    severity: 'error',
    title: 'Cannot be formatted',
    explanation:
      'Formatting would lose a comment or change what the file says. Formatted text is verified before it is handed out, and this one failed; the file is left as it is.',
  },
} as const;

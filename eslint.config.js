// Type-aware rules only: formatting and everything else is Biome's.
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', '**/dist/', '**/build/', '**/node_modules/', 'eslint.config.js', 'native/build.js'] },
  {
    files: [
      'src/**/*.ts',
      'src/**/*.tsx',
      'native/*.ts',
      'native/lib/*.ts',
      'test/**/*.ts',
      'native/test/**/*.ts',
      'demo/**/*.ts',
      'bench/**/*.ts',
      'scripts/*.ts',
      'scripts/layout/*.ts',
    ],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['./tsconfig.json', './tsconfig.console.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // The build makes one variable of the errors of all rounds: after an error that is caught, every later round throws it too.
      'no-restricted-syntax': [
        'error',
        {
          selector:
            ':matches(ForStatement, ForOfStatement, WhileStatement, DoWhileStatement) TryStatement[handler] > BlockStatement.block > VariableDeclaration[kind=/using$/]',
          message:
            'An error of one round would be thrown in the next ones too: move this block to a function of its own.',
        },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
    },
  },
);

/** The text of a policy, with what is found in it where it is found. */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from '@codemirror/language';
import type { Diagnostic as Mark } from '@codemirror/lint';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import type { Text } from '@codemirror/state';
import { EditorState } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Diagnostic } from '../../base/diagnostics.ts';
import { completePolicy } from './policy-completion.ts';

/** What can be done with an editor from outside. */
export interface EditorHandle {
  /** Line and column from 1. */
  readonly goTo: (line: number, column: number) => void;
  /** In place of what is there; it can be undone. */
  readonly setText: (text: string) => void;
}

export interface TextEditorProps {
  readonly label: string;
  /** To start with; from then on the text is the editor's. */
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
  readonly onChange: (text: string) => void;
  readonly onReady: (handle: EditorHandle) => void;
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
  { tag: [tags.separator, tags.squareBracket, tags.brace], color: 'var(--soft)' },
]);

const LOOK = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--text)', height: '100%', fontSize: '0.9rem' },
  '.cm-content, .cm-gutters': { fontFamily: 'ui-monospace, "DejaVu Sans Mono", monospace' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-gutters': { backgroundColor: 'var(--page)', color: 'var(--soft)', border: '0' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--row)' },
  '&.cm-focused': { outline: '2px solid var(--accent)' },
  '.cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground': {
    backgroundColor: 'var(--wait-page)',
  },
  '.cm-tooltip, .cm-panels': {
    backgroundColor: 'var(--surface)',
    color: 'var(--text)',
    border: '1px solid var(--line)',
  },
  // Marks without pictures: the page may load none that are in line.
  '.cm-lintRange': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn-line)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--drop)' },
  '.cm-lintRange-warning, .cm-lintRange-info, .cm-lintRange-active': { backgroundImage: 'none' },
  '.cm-lint-marker-error': { content: '"●"', color: 'var(--drop)' },
  '.cm-lint-marker-warning': { content: '"▲"', color: 'var(--warn-line)' },
  '.cm-lint-marker-info': { content: '"●"', color: 'var(--accent)' },
  '.cm-diagnostic': { whiteSpace: 'pre-wrap', maxWidth: '40rem' },
});

const EXTENSIONS = [
  lineNumbers(),
  lintGutter(),
  history(),
  drawSelection(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  bracketMatching(),
  closeBrackets(),
  indentUnit.of('  '),
  yaml(),
  syntaxHighlighting(COLOURS),
  LOOK,
  autocompletion({ override: [completePolicy] }),
  EditorView.lineWrapping,
  // Tab leaves the editor, as it leaves every field: whoever uses the keyboard alone must not be caught.
  keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap]),
];

function positionOf(text: Text, line: number, column: number): number {
  const found = text.line(Math.min(Math.max(line, 1), text.lines));
  return Math.min(found.from + Math.max(column - 1, 0), found.to);
}

function markOf(text: Text, { span, severity, code, message, help }: Diagnostic): Mark {
  const from = positionOf(text, span.line, span.column);
  const advice = help === undefined ? '' : `\nHelp: ${help}`;
  const kind = severity === 'error' ? 'error' : severity === 'warning' ? 'warning' : 'info';
  const to = Math.min(from + span.length, text.lineAt(from).to);
  return { from, to, severity: kind, source: code, message: message + advice };
}

export function TextEditor({ label, text, diagnostics, onChange, onReady }: TextEditorProps): VNode | null {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const listener = useRef(onChange);
  listener.current = onChange;
  useEffect(() => {
    if (place.current === null) return undefined;
    const changes = EditorView.updateListener.of((update) => {
      if (update.docChanged) listener.current(update.state.doc.toString());
    });
    const attributes = EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' });
    const state = EditorState.create({ doc: text, extensions: [...EXTENSIONS, changes, attributes] });
    // In a shadow root the editor adopts its style sheets, so the page's security policy need not allow styles in line.
    const root = place.current.shadowRoot ?? place.current.attachShadow({ mode: 'open' });
    const editor = new EditorView({ state, parent: root, root });
    view.current = editor;
    onReady({
      goTo(line, column) {
        const anchor = positionOf(editor.state.doc, line, column);
        editor.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: 'center' }) });
        editor.focus();
      },
      setText(changed) {
        editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: changed } });
      },
    });
    return () => editor.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor === undefined) return;
    editor.dispatch(
      setDiagnostics(
        editor.state,
        diagnostics.map((one) => markOf(editor.state.doc, one)),
      ),
    );
  }, [diagnostics]);
  return <div class="editor" ref={place} />;
}

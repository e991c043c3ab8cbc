/** The planning chart: a row for each kind of traffic that a role needs, which makes the filter lists and rules. */
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { COLUMNS, TITLES } from '../../formats/chart/titles.ts';
import type { ChartOutcome } from '../../host/chart-policy.ts';
import { question } from '../api.ts';
import type { ChartLine } from '../chart-lines.ts';
import { csvOf, EMPTY_LINE, EXAMPLE, isEmpty, keepChart, linesOf, readKeptChart, rowOfLine } from '../chart-lines.ts';
import { keepDraft } from '../drafts.ts';
import { useAnswer } from '../parts/debounced.ts';
import { DiagnosticList, ErrorBox } from '../parts/error-box.tsx';
import { ScrollFrame } from '../parts/scroll-frame.tsx';
import type { ScreenProps } from '../shell.tsx';

interface RowProps {
  readonly line: ChartLine;
  readonly number: number;
  readonly onChange: (line: ChartLine) => void;
  readonly onPaste: (text: string) => boolean;
  readonly onRemove: () => void;
}

function Row({ line, number, onChange, onPaste, onRemove }: RowProps): VNode | null {
  return (
    <tr>
      {COLUMNS.map((column) => (
        <td key={column}>
          <input
            aria-label={`${TITLES[column]}, row ${number}`}
            value={line[column]}
            placeholder={number === 1 ? EXAMPLE[column] : ''}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => onChange({ ...line, [column]: event.currentTarget.value })}
            onPaste={(event) => {
              if (onPaste(event.clipboardData?.getData('text/plain') ?? '')) event.preventDefault();
            }}
          />
        </td>
      ))}
      <td>
        <button type="button" class="quiet" aria-label={`Remove row ${number}`} onClick={onRemove}>
          Remove
        </button>
      </td>
    </tr>
  );
}

export function Chart({ mayChange }: ScreenProps): VNode | null {
  const [{ name, lines }, setChart] = useState(readKeptChart);
  const change = (changed: { readonly name: string; readonly lines: readonly ChartLine[] }): void => {
    keepChart(changed);
    setChart(changed);
  };
  const setLines = (changed: readonly ChartLine[]): void => change({ name, lines: changed });
  const filled = lines.filter((line) => !isEmpty(line));
  const asked = { name, chart: csvOf(lines) };
  const key = filled.length === 0 || name.trim() === '' ? undefined : JSON.stringify(asked);
  const { value, error, isOld } = useAnswer(key, (signal) => question<ChartOutcome>('/v1/chart', asked, signal));
  const shown = key === undefined ? undefined : value;
  const open = (text: string): void => {
    keepDraft('', { text, files: {}, base: null });
    location.hash = '#/edit';
  };
  const paste = (at: number, text: string): boolean => {
    const pasted = linesOf(text);
    if (pasted.length < 2 && !text.includes('\t')) return false;
    setLines([...lines.slice(0, at), ...pasted, ...lines.slice(at + 1)]);
    return true;
  };
  return (
    <>
      <div class="heading">
        <h1>Chart</h1>
        {mayChange && (
          <button
            type="button"
            class="primary"
            disabled={shown?.text == null || isOld}
            onClick={() => shown?.text != null && open(shown.text)}
          >
            Open as a policy
          </button>
        )}
      </div>
      <p class="help">
        A row for each kind of traffic that a role of this host needs. What no row names is blocked at the addresses of
        the chart. Rows can be pasted from a spreadsheet.
      </p>
      <form class="row" onSubmit={(event) => event.preventDefault()}>
        <label class="wide">
          Name of the policy
          <input
            value={name}
            autocomplete="off"
            onInput={(event) => change({ name: event.currentTarget.value, lines })}
          />
        </label>
      </form>
      <ScrollFrame label="Planning chart">
        <table class="chart">
          <thead>
            <tr>
              {COLUMNS.map((column) => (
                <th key={column}>{TITLES[column]}</th>
              ))}
              <th>Actions</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, i) => (
              <Row
                key={i}
                line={line}
                number={i + 1}
                onChange={(changed) => setLines(lines.with(i, changed))}
                onPaste={(text) => paste(i, text)}
                onRemove={() => setLines(lines.length === 1 ? [EMPTY_LINE] : lines.toSpliced(i, 1))}
              />
            ))}
          </tbody>
        </table>
      </ScrollFrame>
      <p>
        <button type="button" onClick={() => setLines([...lines, EMPTY_LINE])}>
          Add row
        </button>
      </p>
      {error !== undefined && <ErrorBox error={error} />}
      {shown !== undefined && (
        <section class={isOld ? 'old' : ''} aria-label="What it makes">
          <DiagnosticList
            diagnostics={shown.diagnostics}
            placeOf={({ span }) => `row ${rowOfLine(lines, span.line)}`}
          />
          {shown.text !== null && (
            <ScrollFrame label="Policy of the chart">
              <pre>{shown.text}</pre>
            </ScrollFrame>
          )}
        </section>
      )}
    </>
  );
}

/** One of a few, each with what it means. */
import type { VNode } from 'preact';
import { useId } from 'preact/hooks';

export interface ChoiceProps<T extends string> {
  readonly legend: string;
  readonly options: readonly { readonly value: T; readonly label: string; readonly about: string }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

export function Choice<T extends string>({ legend, options, value, onChange }: ChoiceProps<T>): VNode | null {
  const name = useId();
  return (
    <fieldset>
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} class="choice">
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>
            {option.label}
            <span class="help">{option.about}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/**
 * What is assigned, in two files of one content: where one is damaged or lost, the other is what was assigned.
 *
 *   <state>/assigned.json       the assignment
 *           assigned.copy.json  the same, written before it and removed before it
 *           unassigned.json     the last one that ended
 *
 * A damaged assignment stays where it is until another takes its place: nothing that a boot could take for "no policy is
 * assigned" comes of damage.
 */
import { join } from 'node:path';
import { EnvironmentError } from '../base/environment-error.ts';
import type { Assignment } from './assignment.ts';
import { decodeAssignment, encodeAssignment } from './assignment.ts';
import type { DurableFiles } from './durable.ts';
import { isThere, readIfThere } from './file-system.ts';
import { TwinFiles } from './twin-files.ts';

export class AssignmentFiles {
  readonly #twins: TwinFiles<Assignment>;
  readonly #ended: string;
  readonly #files: DurableFiles;
  readonly #report: (line: string) => void;
  readonly #stored: () => readonly string[];

  /** `stored` lists the policies that could be assigned. */
  constructor(directory: string, files: DurableFiles, report: (line: string) => void, stored: () => readonly string[]) {
    this.#twins = new TwinFiles(join(directory, 'assigned.json'), files, decodeAssignment);
    this.#ended = join(directory, 'unassigned.json');
    this.#files = files;
    this.#report = report;
    this.#stored = stored;
  }

  /** Throws where there is one and neither file can be read as it. */
  current(): Assignment | undefined {
    const found = this.#twins.read();
    if (found.kind === 'none') return undefined;
    if (found.kind === 'lost') throw this.#unknown(found.damage);
    if (found.damage !== undefined) this.#report(`${this.#twins.path} ${found.damage}: its copy is used`);
    return found.value;
  }

  #unknown(what: string): EnvironmentError {
    const stored = this.#stored().join(', ') || 'none';
    return new EnvironmentError(
      'XDPOL_E_DAMAGED',
      `it is not known which policy is assigned: ${this.#twins.path} ${what}, and so is its copy`,
      {
        help: `what is in force stays in force; assign one again: xdpol assign NAME -i INTERFACE; or end it: xdpol unassign; stored are: ${stored}`,
      },
    );
  }

  /** The assignment, or the last one that ended; damage to the latter is no damage. */
  last(): Assignment | undefined {
    const current = this.current();
    if (current !== undefined) return current;
    return readAssignment(this.#ended);
  }

  write(assignment: Assignment): void {
    this.#twins.write(encodeAssignment(assignment));
  }

  /** Writes anew whichever of the two is damaged or missing. */
  mend(): void {
    const { path, copy } = this.#twins;
    const found = [path, copy].map(readAssignment);
    const whole = found.find((assignment) => assignment !== undefined);
    if (whole !== undefined && found.includes(undefined)) this.write(whole);
  }

  /** Nothing is assigned from here on. What is damaged is set aside. A crash in between leaves the policy assigned. */
  end(): void {
    const { path, copy } = this.#twins;
    if (readAssignment(path) !== undefined) {
      if (isThere(copy)) this.#files.remove(copy);
      this.#files.rename(path, this.#ended);
      return;
    }
    const isLast = readAssignment(copy) !== undefined;
    for (const file of [path, copy].filter(isThere)) {
      if (file === copy && isLast) this.#files.rename(file, this.#ended);
      else this.#report(`${file} is damaged: ${this.#files.setAside(file)}`);
    }
  }

  forgetLast(): void {
    if (isThere(this.#ended)) this.#files.remove(this.#ended);
  }
}

/** undefined where the file is not there or is not an assignment. */
function readAssignment(path: string): Assignment | undefined {
  const text = readIfThere(path);
  return text === undefined ? undefined : decodeAssignment(text);
}

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

export class AssignmentFiles {
  readonly #assigned: string;
  readonly #copy: string;
  readonly #ended: string;
  readonly #files: DurableFiles;
  readonly #report: (line: string) => void;
  readonly #stored: () => readonly string[];

  /** `stored` lists the policies that could be assigned. */
  constructor(directory: string, files: DurableFiles, report: (line: string) => void, stored: () => readonly string[]) {
    this.#assigned = join(directory, 'assigned.json');
    this.#copy = join(directory, 'assigned.copy.json');
    this.#ended = join(directory, 'unassigned.json');
    this.#files = files;
    this.#report = report;
    this.#stored = stored;
  }

  /** Throws where there is one and neither file can be read as it. */
  current(): Assignment | undefined {
    const text = readIfThere(this.#assigned);
    const assignment = text === undefined ? undefined : decodeAssignment(text);
    if (assignment !== undefined) return assignment;
    const kept = readIfThere(this.#copy);
    if (text === undefined && kept === undefined) return undefined;
    const what = text === undefined ? 'is missing' : 'is damaged';
    const copied = kept === undefined ? undefined : decodeAssignment(kept);
    if (copied === undefined) throw this.#unknown(what);
    this.#report(`${this.#assigned} ${what}: its copy is used`);
    return copied;
  }

  #unknown(what: string): EnvironmentError {
    const stored = this.#stored().join(', ') || 'none';
    return new EnvironmentError(
      'XDPOL_E_DAMAGED',
      `it is not known which policy is assigned: ${this.#assigned} ${what}, and so is its copy`,
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
    const content = encodeAssignment(assignment);
    this.#files.write(this.#copy, content);
    this.#files.write(this.#assigned, content);
  }

  /** Writes anew whichever of the two is damaged or missing. */
  mend(): void {
    const found = [this.#assigned, this.#copy].map(readAssignment);
    const whole = found.find((assignment) => assignment !== undefined);
    if (whole !== undefined && found.includes(undefined)) this.write(whole);
  }

  /** Nothing is assigned from here on. What is damaged is set aside. A crash in between leaves the policy assigned. */
  end(): void {
    if (readAssignment(this.#assigned) !== undefined) {
      if (isThere(this.#copy)) this.#files.remove(this.#copy);
      this.#files.rename(this.#assigned, this.#ended);
      return;
    }
    const isLast = readAssignment(this.#copy) !== undefined;
    for (const path of [this.#assigned, this.#copy].filter(isThere)) {
      if (path === this.#copy && isLast) this.#files.rename(path, this.#ended);
      else this.#report(`${path} is damaged: ${this.#files.setAside(path)}`);
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

/** Which live tables the programs in force and on trial read. */
import { join } from 'node:path';
import type { BpfProgramHandle } from 'libbpf-ts-bindings';
import { BpfError, openPinnedLink, openProgramById } from 'libbpf-ts-bindings';
import { findCandidate } from '../audit/candidate.ts';
import { findPinRoot, listDirectory, liveTablesDirectory } from '../bpffs.ts';
import { gateOf } from '../gate.ts';
import type { Attachment } from '../survey.ts';
import { surveyAttachments } from '../survey.ts';
import { removeUnusedLiveTables } from './live-tables.ts';

/** Of a program, and of both that it leads to where it is a gate. */
function mapsOf(program: BpfProgramHandle): readonly number[] {
  using gate = gateOf(program);
  using candidate = gate?.candidate();
  using previous = gate?.previous();
  return [program, candidate, previous].flatMap((one) => one?.mapIds ?? []);
}

function mapsOfProgram(id: number): readonly number[] {
  using program = openProgramById(id);
  return mapsOf(program);
}

function mapsOfPin(path: string): readonly number[] {
  using link = openPinnedLink(path);
  return mapsOfProgram(link.programId);
}

function mapsOfCandidate({ directory }: Attachment): readonly number[] {
  using candidate = findCandidate(directory);
  return candidate?.mapIds ?? [];
}

/** Unpins the tables that nothing reads. One program that cannot be asked keeps all of them. */
export function tidyLiveTables(): void {
  const root = findPinRoot();
  if (root === undefined || listDirectory(liveTablesDirectory(root)).length === 0) return;
  const { attachments, strays } = surveyAttachments();
  const programs = attachments.flatMap(({ hooks }) => hooks.map(({ programId }) => programId));
  const elsewhere = strays.filter(({ fate }) => fate === 'moved' || fate === 'unreadable');
  try {
    const used = [
      ...programs.flatMap(mapsOfProgram),
      ...attachments.flatMap(mapsOfCandidate),
      ...elsewhere.flatMap(({ directory, direction }) => mapsOfPin(join(directory, direction))),
    ];
    removeUnusedLiveTables(root, new Set(used));
  } catch (error) {
    if (!(error instanceof BpfError)) throw error;
  }
}

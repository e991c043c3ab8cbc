/** Measures one section of one policy and prints its figures as JSON. Started by children.ts. */
import { present } from '../src/base/assert.ts';
import type { Effort } from './effort.ts';
import type { Figure, Section } from './figure.ts';
import { measureBans } from './sections/bans.ts';
import { measureCompile } from './sections/compile.ts';
import { measureDataplane } from './sections/dataplane.ts';
import { measureFleet } from './sections/fleet.ts';
import { measureLive } from './sections/live.ts';
import { measureLoad } from './sections/load.ts';
import { measureParts } from './sections/parts.ts';
import { measureReplay } from './sections/replay.ts';
import { measureScrape } from './sections/scrape.ts';
import { measureSets } from './sections/sets.ts';
import { measureSwap } from './sections/swap.ts';

type Measure = (policy: string, effort: Effort) => readonly Figure[] | Promise<readonly Figure[]>;

const MEASURES: Readonly<Record<Section, Measure>> = {
  dataplane: measureDataplane,
  parts: measureParts,
  sets: measureSets,
  bans: measureBans,
  live: measureLive,
  compile: measureCompile,
  load: measureLoad,
  swap: measureSwap,
  scrape: measureScrape,
  replay: measureReplay,
  fleet: measureFleet,
};

const [section = '', policy = '', effort = ''] = process.argv.slice(2);
const measure = present(MEASURES[section as Section], `no section ${section}`);
const figures = await measure(policy, JSON.parse(effort) as Effort);
process.stdout.write(JSON.stringify(figures));

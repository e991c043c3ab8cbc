/** A process of simulated agents. Started by fleet/simulation.ts; ends with it. */
import { setMaxListeners } from 'node:events';
import { trustedKeys } from '../../src/fleet/signing.ts';
import type { AgentEvent, Begin } from './messages.ts';
import { CONFIRM, now } from './messages.ts';
import type { AgentOptions } from './simulated-agent.ts';
import { SimulatedAgent } from './simulated-agent.ts';
import { Turns } from './turns.ts';

/** Connections that are made at a time at the start; afterwards the pauses of the product spread them. */
const AT_ONCE = 32;
/** Milliseconds between messages. */
const INTERVAL = 50;

const stop = new AbortController();
// Each agent listens.
setMaxListeners(0, stop.signal);
let events: AgentEvent[] = [];
let isConfirmed = false;

function begin({ front, tls, operators, agents }: Begin): void {
  const turns = new Turns(AT_ONCE);
  const keys = trustedKeys(operators);
  for (const { name, certificate } of agents) {
    // Of each host's own address of the front the connection keeps the TLS session, as a host does.
    const url = new URL(`#${name}`, front);
    const happened: SimulatedAgentHappened = (kind, seq) => events.push({ kind, host: name, seq, at: now() });
    const own: AgentTls = { ...tls, cert: certificate };
    const options = { name, front: url, tls: own, keys, turns, happened, confirms: () => isConfirmed };
    void new SimulatedAgent(options).run(stop.signal);
  }
  setInterval(() => {
    if (events.length === 0) return;
    process.send?.(events);
    events = [];
  }, INTERVAL);
}

type SimulatedAgentHappened = AgentOptions['happened'];
type AgentTls = AgentOptions['tls'];

process.once('message', (message) => {
  begin(message as Begin);
  process.on('message', (next) => {
    isConfirmed = next === CONFIRM;
  });
});
process.once('disconnect', () => process.exit());

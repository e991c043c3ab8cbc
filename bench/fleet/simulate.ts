/** A process of simulated agents. Started by fleet/simulation.ts; ends with it. */
import { setMaxListeners } from 'node:events';
import { trustedKeys } from '../../src/fleet/signing.ts';
import type { AgentEvent, Begin } from './messages.ts';
import { now } from './messages.ts';
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

function begin({ front, tls, operators, agents }: Begin): void {
  const turns = new Turns(AT_ONCE);
  const keys = trustedKeys(operators);
  for (const { name, certificate } of agents) {
    // Of each host's own address of the front the connection keeps the TLS session, as a host does.
    const own = new URL(`#${name}`, front);
    const happened: SimulatedAgentHappened = (kind, seq) => events.push({ kind, host: name, seq, at: now() });
    void new SimulatedAgent({ name, front: own, tls: { ...tls, cert: certificate }, keys, turns, happened }).run(
      stop.signal,
    );
  }
  setInterval(() => {
    if (events.length === 0) return;
    process.send?.(events);
    events = [];
  }, INTERVAL);
}

type SimulatedAgentHappened = ConstructorParameters<typeof SimulatedAgent>[0]['happened'];

process.once('message', (message) => begin(message as Begin));
process.once('disconnect', () => process.exit());

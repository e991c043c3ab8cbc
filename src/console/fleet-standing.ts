/** What this host knows of its fleet, read now and then. */
import { useEffect, useState } from 'preact/hooks';
import type { FleetStanding } from '../api/fleet-standing.ts';
import { FLEET_PATH } from '../api/fleet-standing.ts';
import { read } from './api.ts';

/** Milliseconds. */
const INTERVAL = 5000;

/** null where the host takes no orders, which does not change while its agent runs. */
export function useFleet(): FleetStanding | null | undefined {
  const [fleet, setFleet] = useState<FleetStanding | null | undefined>(undefined);
  useEffect(() => {
    const look = async (): Promise<void> => {
      if (document.hidden) return;
      const found = await read<FleetStanding | null>(FLEET_PATH).catch(() => undefined);
      if (found !== undefined) setFleet(found);
      if (found === null) clearInterval(timer);
    };
    const timer = setInterval(() => void look(), INTERVAL);
    void look();
    return () => clearInterval(timer);
  }, []);
  return fleet;
}

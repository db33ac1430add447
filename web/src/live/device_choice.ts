/** Which microphone, camera and loudspeaker this person chose on this device; remembered for the next call. */

export type DeviceUse = 'microphone' | 'camera' | 'speaker';
export type ChoiceStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const KEY = 'proofcall.device.';

export class DeviceChoice {
  private readonly store: ChoiceStore | null;
  private readonly now = new Map<DeviceUse, string>();

  constructor(store: ChoiceStore | null = storage()) {
    this.store = store;
  }

  /** The chosen device's id, or an empty text for whatever the system prefers. */
  get(use: DeviceUse): string {
    const known = this.now.get(use);
    if (known !== undefined) return known;
    try {
      return this.store?.getItem(KEY + use) ?? '';
    } catch {
      return '';
    }
  }

  set(use: DeviceUse, id: string): void {
    this.now.set(use, id);
    try {
      if (id) this.store?.setItem(KEY + use, id);
      else this.store?.removeItem(KEY + use);
    } catch {
      // A browser without storage keeps the choice for this call.
    }
  }
}

function storage(): ChoiceStore | null {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

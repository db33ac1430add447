/** The shape of every JSON in a package; a test holds it to `recorder/proof/shapes.py`. */
import type { Json } from './encoding';

export type Shape = string | readonly [Shape] | { readonly [name: string]: Shape };

export const SHAPES = {
  keys: {
    format: 'text',
    keys: [
      {
        crv: 'text',
        kid: 'text',
        kty: 'text',
        since: 'text',
        until: 'text?',
        x: 'text'
      }
    ]
  },
  package: {
    format: 'text',
    case_id: 'text',
    as_of: 'text',
    sessions: [
      {
        session_id: 'text',
        manifests: 'count'
      }
    ],
    files: [
      {
        path: 'text',
        bytes: 'count',
        'sha256?': 'sha256'
      }
    ]
  },
  part: {
    format: 'text',
    case_id: 'text',
    as_of: 'text',
    session_id: 'text',
    manifests: 'count',
    participants: ['text'],
    asked: {
      from_ms: 'count',
      to_ms: 'count'
    },
    given: [
      {
        recording_id: 'text',
        from_ms: 'count',
        to_ms: 'count'
      }
    ],
    files: [
      {
        path: 'text',
        bytes: 'count',
        'sha256?': 'sha256'
      }
    ]
  },
  proofs: {
    format: 'text',
    recording_id: 'text',
    leaves: [
      {
        no: 'count',
        bytes: 'count',
        path: ['sha256']
      }
    ]
  },
  manifest: {
    format: 'text',
    number: 'count',
    previous: 'sha256?',
    complete: 'flag',
    session_id: 'text',
    case_id: 'text',
    tenant_id: 'text',
    direction: 'text',
    created_at: 'text',
    live_at: 'text?',
    ended_at: 'text?',
    end_cause: 'text?',
    sealed_at: 'text',
    key_id: 'text',
    participants: [
      {
        participant_id: 'text',
        role: 'text'
      }
    ],
    recordings: [
      {
        recording_id: 'text',
        participant_id: 'text',
        part: 'count',
        container: 'text',
        t0_ns: 'text',
        duration_ms: 'count?',
        init_sha256: 'sha256',
        fragments: 'count',
        table_sha256: 'sha256',
        root: 'sha256'
      }
    ],
    gaps: [
      {
        participant_id: 'text',
        recording_id: 'text?',
        from_ns: 'text',
        to_ns: 'text',
        cause: 'text',
        packets: 'count?'
      }
    ],
    stills: [
      {
        still_id: 'text',
        participant_id: 'text',
        state: 'text',
        track_id: 'text?',
        rtp_timestamp: 'count?',
        at_ns: 'text',
        recording_id: 'text?',
        recording_ms: 'count?',
        sha256: 'sha256?',
        width: 'count?',
        height: 'count?',
        failure: 'text?'
      }
    ],
    checkpoint: 'sha256?',
    log: {
      last_seq: 'count',
      hash: 'sha256?'
    },
    root: 'sha256'
  },
  table: {
    format: 'text',
    recording_id: 'text',
    init_bytes: 'count',
    fragments: [
      {
        no: 'count',
        bytes: 'count',
        sha256: 'sha256',
        start_ms: 'count',
        duration_ms: 'count',
        wall_ns: 'text',
        keyframe: 'flag'
      }
    ]
  },
  log: {
    format: 'text',
    session_id: 'text',
    events: [
      {
        seq: 'count',
        kind: 'text',
        visibility: 'text',
        at: 'text',
        actor: 'text',
        commitment: 'sha256',
        prev: 'sha256',
        hash: 'sha256',
        salt: 'bytes16?',
        payload: 'any'
      }
    ]
  },
  checkpoints: {
    format: 'text',
    session_id: 'text',
    checkpoints: [
      {
        jws: 'text',
        countersignatures: [
          {
            participant_id: 'text',
            jws: 'text'
          }
        ]
      }
    ]
  },
  checkpoints_part: {
    format: 'text',
    session_id: 'text',
    devices: [
      {
        participant_id: 'text',
        jwk: {
          crv: 'text',
          kty: 'text',
          x: 'text',
          'y?': 'text'
        }
      }
    ],
    checkpoints: [
      {
        jws: 'text',
        countersignatures: [
          {
            participant_id: 'text',
            jws: 'text'
          }
        ],
        proofs: [
          {
            recording_id: 'text',
            path: ['sha256']
          }
        ]
      }
    ]
  },
  checkpoint: {
    format: 'text',
    session_id: 'text',
    number: 'count',
    at: 'text',
    'devices?': [
      {
        participant_id: 'text',
        kid: 'text'
      }
    ],
    recordings: [
      {
        recording_id: 'text',
        fragments: 'count',
        root: 'sha256'
      }
    ],
    log: {
      last_seq: 'count',
      hash: 'sha256?'
    },
    previous: 'sha256?'
  },
  countersignature: {
    checkpoint_sha256: 'sha256',
    participant_id: 'text'
  },
  receipt: {
    at: 'text',
    manifest_sha256: 'sha256',
    number: 'count',
    root: 'sha256',
    session_id: 'text'
  },
  device_key: {
    participant_id: 'text',
    jwk: {
      crv: 'text',
      kty: 'text',
      x: 'text',
      'y?': 'text'
    }
  }
} as const;

const OPTIONAL = /\?$/;

/** Whether a JSON value has the shape. */
export function fits(value: Json, shape: Shape): boolean {
  if (typeof shape === 'string') return fitsWord(value, shape);
  if (Array.isArray(shape)) return Array.isArray(value) && value.every((item) => fits(item, shape[0] as Shape));
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
  const wanted = new Map(Object.entries(shape).map(([name, one]) => [name.replace(OPTIONAL, ''), { one: one as Shape, optional: OPTIONAL.test(name) }]));
  return (
    Object.keys(value).every((name) => wanted.has(name)) &&
    [...wanted].every(([name, { one, optional }]) => (Object.hasOwn(value, name) ? fits(value[name] as Json, one) : optional))
  );
}

function fitsWord(value: Json, word: string): boolean {
  if (OPTIONAL.test(word) && value === null) return true;
  switch (word.replace(OPTIONAL, '')) {
    case 'any':
      return true;
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'count':
      return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
    case 'sha256':
      return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
    case 'bytes16':
      return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
    default:
      throw new Error(word);
  }
}

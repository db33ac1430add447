import { describe, expect, it } from 'vitest';
import { SendQueue } from '../../src/live/send_queue';

const say = (queue: SendQueue, id: string) => queue.push('message.send', { text: id, locale: 'en' }, id, 0);

describe('the send queue', () => {
  it('offers what was said first until it is confirmed', () => {
    const queue = new SendQueue();
    say(queue, 'a');
    say(queue, 'b');
    expect(queue.next()?.client_id).toBe('a');
    queue.settle('a', null);
    expect(queue.next()?.client_id).toBe('a');
    queue.settle('a', { ok: true, seq: 4 });
    expect(queue.next()?.client_id).toBe('b');
  });

  it('never gives up on a message for want of an answer', () => {
    const queue = new SendQueue();
    say(queue, 'a');
    for (let tries = 0; tries < 100; tries += 1) queue.settle('a', null);
    expect(queue.next()?.client_id).toBe('a');
  });

  it('sets a refused message aside and goes on with the next', () => {
    const queue = new SendQueue();
    say(queue, 'a');
    say(queue, 'b');
    queue.settle('a', { ok: false, code: 'invalid', message: '' });
    expect(queue.next()?.client_id).toBe('b');
    expect(queue.all[0]?.refused).toBe('invalid');
    queue.again('a');
    expect(queue.next()?.client_id).toBe('a');
  });

  it('tries a passing trouble a few times', () => {
    const queue = new SendQueue();
    say(queue, 'a');
    for (let tries = 0; tries < 5; tries += 1) {
      queue.settle('a', { ok: false, code: 'busy', message: '' });
      expect(queue.next()?.client_id).toBe('a');
    }
    queue.settle('a', { ok: false, code: 'busy', message: '' });
    expect(queue.next()).toBeNull();
  });

  it('waits as long as it takes when too much was said at once', () => {
    const queue = new SendQueue();
    say(queue, 'a');
    for (let tries = 0; tries < 100; tries += 1) queue.settle('a', { ok: false, code: 'too_fast', message: '' });
    expect(queue.next()?.client_id).toBe('a');
  });

  it('forgets a message whose event has come back before its acknowledgement', () => {
    const queue = new SendQueue();
    say(queue, 'a');
    queue.seen('a');
    expect(queue.next()).toBeNull();
    queue.settle('a', { ok: true, seq: 1 });
    expect(queue.all).toEqual([]);
  });

  it('keeps only the latest wish about camera and microphone', () => {
    const queue = new SendQueue();
    queue.push('media.state', { camera: true, microphone: true }, 'a', 0);
    say(queue, 'b');
    queue.push('media.state', { camera: false, microphone: true }, 'c', 0);
    expect(queue.all.map((item) => item.client_id)).toEqual(['b', 'c']);
  });
});

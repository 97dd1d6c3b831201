// Sends one message to the daemon as any client address may, by the PROXY protocol; returns the reply that
// decided.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { world } from './browser.mjs';

export async function send(client, reversePath, recipient, subject) {
  const socket = connect(world.smtp.port, world.smtp.host);
  socket.setTimeout(20_000, () => socket.destroy(new Error('the server is silent')));
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const reply = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('the server has closed');
      if (value[3] !== '-') return value;
    }
  };
  const say = async (line) => {
    socket.write(`${line}\r\n`);
    return reply();
  };
  try {
    socket.write(`PROXY TCP4 ${client} 192.0.2.254 41000 25\r\n`);
    await reply();
    await say('EHLO client.example');
    await say(`MAIL FROM:<${reversePath}>`);
    const decided = await say(`RCPT TO:<${recipient}>`);
    if (!decided.startsWith('250')) return decided;
    await say('DATA');
    return await say(`From: <${reversePath}>\r\nTo: <${recipient}>\r\nSubject: ${subject}\r\n` +
      `Date: Mon, 23 Nov 2026 09:00:00 +0000\r\nMessage-ID: <${Math.random()}@client.example>\r\n\r\nHello.\r\n.`);
  } finally {
    socket.end('QUIT\r\n');
  }
}

// The development server, started through Vite's API: its command line writes a temporary file beside vite.config.js, which a
// container that runs as somebody else, on a source folder mounted read-only, may not.
import { createLogger, createServer } from 'vite'
import config from './vite.config.js'

const server = await createServer({
  ...config,
  configFile: false,
  root: import.meta.dirname ?? new URL('.', import.meta.url).pathname,
  clearScreen: false,
  customLogger: createLogger('info', { allowClearScreen: false }),
})
await server.listen()
server.printUrls()

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, async () => {
    await server.close()
    process.exit(0)
  })
}

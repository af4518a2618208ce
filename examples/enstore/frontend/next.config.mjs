// Read by `next build` and `next dev`.
import { existsSync } from 'node:fs'
import path from 'node:path'

const here = import.meta.dirname

// Where what is built goes. In a container the source is read-only: there NEXT_DIST_DIR names a folder under /tmp. Next wants it
// relative to the project.
const distDir = path.relative(here, path.resolve(here, process.env.NEXT_DIST_DIR || '.next'))

// The folder that must hold the source, its dependencies and distDir. In the image the dependencies stand in /node_modules, above
// the source in /app, so that a source folder mounted over /app still finds them.
const whole = !distDir.startsWith('..') && existsSync(path.join(here, 'node_modules'))
const root = whole ? here : path.parse(here).root

/** @type {import('next').NextConfig} */
export default {
  output: 'standalone',
  distDir,
  outputFileTracingRoot: root,
  turbopack: { root },
  // The names under which browsers reach the development server, besides localhost: its hot-reload socket refuses all others.
  allowedDevOrigins: (process.env.ALLOWED_DEV_ORIGINS || '127.0.0.1').split(',').map((name) => name.trim()).filter(Boolean),
  devIndicators: false,
  poweredByHeader: false,
  images: { unoptimized: true },
  async headers() {
    return [
      {
        source: '/:path*',
        headers: [
          { key: 'X-Content-Type-Options', value: 'nosniff' },
          { key: 'X-Frame-Options', value: 'DENY' },
          { key: 'Referrer-Policy', value: 'strict-origin-when-cross-origin' },
        ],
      },
    ]
  },
}

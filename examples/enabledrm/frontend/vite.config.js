import react from '@vitejs/plugin-react'

// The page's own variable names come through beside Vite's.
export default {
  plugins: [react()],
  envPrefix: ['VITE_', 'REACT_APP_'],
  cacheDir: process.env.VITE_CACHE_DIR || 'node_modules/.vite',
  build: { sourcemap: false, target: 'es2020' },
  server: {
    host: '0.0.0.0',
    port: Number(process.env.PORT || 3000),
    strictPort: true,
    // The browser comes through the front door, so the hot-reload socket must too.
    hmr: { protocol: 'wss', clientPort: Number(process.env.HMR_CLIENT_PORT || 8443) },
    allowedHosts: ['localhost', ...(process.env.DOMAIN ? [process.env.DOMAIN] : [])],
    fs: { allow: ['.', '/node_modules'] },
    // A mounted source folder does not always deliver file events into a container.
    watch: process.env.VITE_POLL ? { usePolling: true, interval: 500 } : undefined,
  },
}

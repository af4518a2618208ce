// What only the place of installation knows. The static build is served with this file replaced.
window.ENABLEDRM = {}

// The browser bundle of simple-peer (the plain entry needs Node polyfills). It has the types of the package.
declare module 'simple-peer/simplepeer.min.js' {
  const SimplePeer: typeof import('simple-peer');
  export default SimplePeer;
}

export default { name: 'by-hand', apiVersion: 1, directives: {}, start() {} };

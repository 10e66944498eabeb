export default { server: { listen: () => 8080 } };

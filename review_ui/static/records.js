// Tells the server the reader's time zone: days and hours of calendar and audit are theirs.

export function startRecords() {
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const said = `spoonful_zone=${encodeURIComponent(zone)}`;
  if (!zone || document.cookie.split("; ").includes(said)) return;
  document.cookie = `${said}; path=/; max-age=31536000; samesite=lax`;
}

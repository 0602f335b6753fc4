"""An emulator of Sitecore CDP and Personalize, close enough to develop and test against."""
